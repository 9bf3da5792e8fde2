#pragma once
// train_log.csv: a row for each evaluation of a run, with the columns of the work whose recipe
// configs/train/resnet50.json is.

#include <array>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

namespace imgcls::report {

/// A row of train_log.csv.
struct TrainLogRow {
  int epoch = 0;               ///< epochs completed
  std::int64_t step = 0;       ///< optimizer steps done
  double train_loss = 0;       ///< mean over the epoch's images, label smoothing included
  double val_loss = 0;         ///< mean cross-entropy over the evaluation set, no smoothing
  double val_acc1 = 0;         ///< per cent
  double val_acc5 = 0;         ///< per cent
  double val_map = 0;          ///< per cent; as the next two, of multi-label data
  double val_micro_f1 = 0;     ///< per cent
  double val_macro_f1 = 0;     ///< per cent
  double time_s = 0;           ///< seconds since the start, over all sessions of the run
  std::string checkpoint_dir;  ///< of the checkpoint written then; empty if none
};

/// A figure of an evaluation.
struct EvalFigure {
  /// In TensorBoard and, with "val_" or "val/" before it, in train_log.csv and Weights & Biases.
  std::string_view name;
  double TrainLogRow::*value;  ///< where a row has it
  std::string_view format;     ///< how fmt prints it
};

/// Those of images with one class each.
inline constexpr std::array<EvalFigure, 3> kEvalFigures{{
    {"loss", &TrainLogRow::val_loss, "{:.6f}"},
    {"acc1", &TrainLogRow::val_acc1, "{:.4f}"},
    {"acc5", &TrainLogRow::val_acc5, "{:.4f}"},
}};
/// Those of multi-label data.
inline constexpr std::array<EvalFigure, 4> kMultiLabelFigures{{
    {"loss", &TrainLogRow::val_loss, "{:.6f}"},
    {"map", &TrainLogRow::val_map, "{:.4f}"},
    {"micro_f1", &TrainLogRow::val_micro_f1, "{:.4f}"},
    {"macro_f1", &TrainLogRow::val_macro_f1, "{:.4f}"},
}};
/// Those of a data set of either kind.
inline std::span<const EvalFigure> eval_figures(bool multi_label) {
  if (multi_label) return kMultiLabelFigures;
  return kEvalFigures;
}

/// Appends rows; each is on the disk when `append` returns. Where that throws IoError, the row is
/// written with the next one, or by `retry`.
class TrainLog {
 public:
  /// Opens `path` to go on after `step` steps: rows of later steps, which a run that died had
  /// written after its last checkpoint, are removed. Writes the header where the file is absent.
  /// Throws IoError.
  TrainLog(std::filesystem::path path, std::int64_t step,
           std::span<const EvalFigure> figures = kEvalFigures);

  void append(const TrainLogRow& row);  ///< adds a row behind the others
  void retry();                         ///< writes rows that could not be; throws IoError

 private:
  std::filesystem::path path_;
  std::span<const EvalFigure> figures_;
  std::string text_;
};

}  // namespace imgcls::report
