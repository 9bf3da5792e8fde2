#include <imgcls/core/error.h>
#include <imgcls/core/file.h>
#include <imgcls/report/csv_rows.h>
#include <imgcls/report/row_file.h>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <system_error>

namespace imgcls::report {
namespace {

[[noreturn]] void throw_cannot_write(const std::filesystem::path& path) {
  throw IoError(
      fmt::format("cannot write {}: {}", path.string(), std::generic_category().message(errno)));
}

}  // namespace

RowFile::RowFile(std::filesystem::path path, std::string_view header, std::size_t step_column,
                 std::int64_t step)
    : path_(std::move(path)) {
  std::string text(header);
  if (std::filesystem::exists(path_)) text += rows_up_to(read_text(path_), step_column, step);
  replace_file(path_, text);
  descriptor_ = ::open(path_.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC);
  if (descriptor_ < 0) throw_cannot_write(path_);
}

RowFile::~RowFile() {
  ::close(descriptor_);
}

void RowFile::append(std::string_view row) {
  while (!row.empty()) {
    const ssize_t written = ::write(descriptor_, row.data(), row.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) throw_cannot_write(path_);
    row.remove_prefix(static_cast<std::size_t>(written));
  }
}

}  // namespace imgcls::report
