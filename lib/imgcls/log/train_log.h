#pragma once
// train_log.csv: a row for each evaluation of a run, with the columns of the work whose recipe
// configs/train/resnet50.json is.

#include <cstdint>
#include <filesystem>
#include <string>

namespace imgcls::report {

/// A row of train_log.csv.
struct TrainLogRow {
  int epoch = 0;               ///< epochs completed
  std::int64_t step = 0;       ///< optimizer steps done
  double train_loss = 0;       ///< mean over the epoch's images, label smoothing included
  double val_loss = 0;         ///< mean cross-entropy over the evaluation set, no smoothing
  double val_acc1 = 0;         ///< per cent
  double val_acc5 = 0;         ///< per cent
  double time_s = 0;           ///< seconds since the start, over all sessions of the run
  std::string checkpoint_dir;  ///< of the checkpoint written then; empty if none
};

/// Appends rows; each is on the disk when `append` returns. Where that throws IoError, the row is
/// written with the next one, or by `retry`.
class TrainLog {
 public:
  /// Opens `path` to go on after `step` steps: rows of later steps, which a run that died had
  /// written after its last checkpoint, are removed. Writes the header where the file is absent.
  /// Throws IoError.
  TrainLog(std::filesystem::path path, std::int64_t step);

  void append(const TrainLogRow& row);  ///< adds a row behind the others
  void retry();                         ///< writes rows that could not be; throws IoError

 private:
  std::filesystem::path path_;
  std::string text_;
};

}  // namespace imgcls::report
