#pragma once
// A CSV file that grows by a row now and then, and is cut when a run goes on from an earlier step.

#include <imgcls/log/append_file.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string_view>

namespace imgcls::report {

/// Appends rows. Each goes to the system in one write, so a process that is killed leaves whole
/// rows but for at most the last; it is not flushed to the disk.
class RowFile {
 public:
  /// Opens `path` to go on after `step` steps: rows with a larger number in column `step_column`
  /// (from 0), and a half-written last one, are removed. `header` is the first line, with its end.
  /// Throws IoError.
  RowFile(const std::filesystem::path& path, std::string_view header, std::size_t step_column,
          std::int64_t step);

  /// `row` ends with a line's end. Throws IoError; the row is then written with the next one, or by
  /// `retry`.
  void append(std::string_view row) { file_.append(row); }
  /// Writes the rows that could not be. Throws IoError.
  void retry() { file_.write(); }

 private:
  AppendFile file_;
};

}  // namespace imgcls::report
