#pragma once
// steps.csv: how training goes between evaluations, a row every `log.every` steps.

#include <imgcls/log/row_file.h>
#include <imgcls/log/step_row.h>

#include <cstdint>
#include <filesystem>

namespace imgcls::report {

/// Appends rows to steps.csv.
class StepLog {
 public:
  /// Opens `path` to go on after `step` steps, as RowFile does. Throws IoError.
  StepLog(const std::filesystem::path& path, std::int64_t step);

  /// Throws IoError, as RowFile does.
  void append(const StepRow& row);
  void retry() { file_.retry(); }  ///< writes what could not be; throws IoError

 private:
  RowFile file_;
};

}  // namespace imgcls::report
