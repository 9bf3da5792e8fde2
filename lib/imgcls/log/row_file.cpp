#include <imgcls/core/file.h>
#include <imgcls/log/csv_rows.h>
#include <imgcls/log/row_file.h>

#include <string>

namespace imgcls::report {
namespace {

/// Leaves of a file what a run that goes on keeps; the path.
const std::filesystem::path& cut(const std::filesystem::path& path, std::string_view header,
                                 std::size_t step_column, std::int64_t step) {
  std::string text(header);
  if (std::filesystem::exists(path)) text += rows_up_to(read_text(path), step_column, step);
  replace_file(path, text);
  return path;
}

}  // namespace

RowFile::RowFile(const std::filesystem::path& path, std::string_view header,
                 std::size_t step_column, std::int64_t step)
    : file_(cut(path, header, step_column, step)) {}

}  // namespace imgcls::report
