// Any bytes as a pair of IDX files: DataError, or images that can all be read. The first two bytes
// say how long the file of labels is, which follows; the rest is the file of images.
#include <imgcls/core/error.h>
#include <imgcls/data/source.h>

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <span>
#include <string>
#include <variant>

using namespace imgcls;

namespace {

/// A file in memory, for a scope.
class MemoryFile {
 public:
  explicit MemoryFile(std::span<const std::uint8_t> bytes) : file_(memfd_create("idx", 0)) {
    if (file_ < 0 ||
        write(file_, bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size())) {
      std::abort();
    }
  }
  ~MemoryFile() { close(file_); }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;

  std::filesystem::path path() const { return "/proc/self/fd/" + std::to_string(file_); }

 private:
  int file_;
};

void read_all(const data::Source& source) {
  for (std::size_t i = 0; i < source.size(); ++i) {
    const auto image = std::get<data::Image>(source.read(i));
    const auto pixels =
        static_cast<std::size_t>(image.size.width) * static_cast<std::size_t>(image.size.height);
    if (pixels == 0 || image.pixels.size() != pixels * 3) std::abort();
    if (source.label(i) < 0 || source.label(i) > 9) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::span rest(data + 2, size - 2);
  const std::size_t split = std::min<std::size_t>(data[0] * 256U + data[1], rest.size());
  const MemoryFile labels(rest.first(split)), images(rest.subspan(split));
  try {
    read_all(*data::open_idx(images.path(), labels.path()));
  } catch (const DataError&) {
  }
  return 0;
}
