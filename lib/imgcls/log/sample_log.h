#pragma once
// samples.csv: which samples each step of a run was trained on, to check the order of the data.

#include <imgcls/log/row_file.h>

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

namespace imgcls::report {

/// Appends rows "step,epoch,samples": the number of the step and of the epoch it belongs to, both
/// from 1, and the numbers of the samples, with spaces between them.
class SampleLog {
 public:
  /// Opens `path` to go on after `step` steps, as RowFile does. Throws IoError.
  SampleLog(const std::filesystem::path& path, std::int64_t step);

  /// `shares` are the ranks' parts of the global batch, in the order of ranks, each as text.
  /// Throws IoError, as RowFile does.
  void append(std::int64_t step, std::int64_t epoch, std::span<const std::string> shares);
  void retry() { file_.retry(); }  ///< writes what could not be; throws IoError

 private:
  RowFile file_;
};

}  // namespace imgcls::report
