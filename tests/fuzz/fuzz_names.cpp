// Fuzzes names as lines of text: any bytes come back from the line that stands for them, and from a
// file of class names; and any file is class names or a DataError.
#include <imgcls/core/error.h>
#include <imgcls/core/quoted_name.h>
#include <imgcls/core/utf8.h>
#include <imgcls/data/class_names.h>
#include <imgcls/data/shard_labels.h>

#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <string>
#include <vector>

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

void check_line(const std::string& name) {
  const std::string line = imgcls::quote_name(name);
  require(imgcls::unquote_name(line) == name);
  require(imgcls::to_utf8(line) == line);
  require(line.find_first_of("\n\r\t") == std::string::npos);
}

std::vector<imgcls::data::ClassName> read(const std::string& text) {
  static const int file = ::memfd_create("classes.txt", 0);
  require(::ftruncate(file, 0) == 0);
  require(::pwrite(file, text.data(), text.size(), 0) == static_cast<ssize_t>(text.size()));
  return imgcls::data::read_class_names("/proc/self/fd/" + std::to_string(file),
                                        imgcls::data::Repeats::allowed);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  namespace lib = imgcls::data;
  const std::string text(reinterpret_cast<const char*>(data), size);
  check_line(text);
  require(imgcls::unquote_name(imgcls::quote_name(imgcls::unquote_name(text))) ==
          imgcls::unquote_name(text));
  try {
    const std::vector<std::string> ids = lib::class_ids(read(text));
    require(lib::class_ids(read(lib::class_names_text(ids))) == ids);
  } catch (const imgcls::DataError&) {
  }
  for (const auto parse : {lib::parse_cls, lib::parse_json_label}) {
    try {
      parse(text);
    } catch (const imgcls::DataError&) {
    }
  }
  return 0;
}
