#pragma once
// The folder of a run, read: what log/run_folder.h says it holds. Any of its files may be
// missing, since the run is under way or of an older version.

#include <imgcls/log/step_row.h>
#include <imgcls/log/train_log.h>
#include <imgcls/report/read_eval.h>

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace imgcls::report {

/// A run, as its files tell of it.
struct Run {
  std::filesystem::path folder;          ///< where the files are
  std::string name;                      ///< the folder's, as short as tells runs apart
  nlohmann::json config;                 ///< config.json; null where it is missing
  nlohmann::json sessions;               ///< of environment.json: an array of objects, maybe empty
  std::vector<TrainLogRow> evaluations;  ///< train_log.csv; a figure that it has not is NaN
  bool multi_label = false;              ///< its figures are those of multi-label data
  std::vector<StepRow> steps;            ///< steps.csv; a field that it leaves empty is NaN
  std::optional<EvalFiles> eval;         ///< its eval/; unset: there is none
  std::vector<TrainingImage> augmented;  ///< of the newest session's first batch
  std::size_t classes = 0;               ///< 0: not known
};

/// The folders of the runs that `arguments` name: each a run's folder, which holds a config.json or
/// a train_log.csv, or a folder whose subfolders with a config.json are runs, taken in the order of
/// their names. A run named twice counts once. Throws IoError saying what was looked for.
std::vector<std::filesystem::path> find_runs(std::span<const std::filesystem::path> arguments);

/// Reads runs. Throws IoError, and DataError naming file and line of what is not as it should be.
std::vector<Run> read_runs(std::span<const std::filesystem::path> folders);

/// Changes when one of the files that `read_runs` reads does (by their sizes and times).
std::string runs_stamp(std::span<const std::filesystem::path> folders);

}  // namespace imgcls::report
