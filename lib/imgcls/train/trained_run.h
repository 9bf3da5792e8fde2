#pragma once
// A run's model at work elsewhere: what the run's folder says of it, with its weights.

#include <imgcls/core/config.h>
#include <imgcls/core/log.h>
#include <imgcls/data/class_names.h>
#include <imgcls/models/model.h>
#include <imgcls/train/options.h>
#include <imgcls/train/run_weights.h>

#include <filesystem>
#include <vector>

namespace imgcls::train {

/// What open_run finds.
struct TrainedRun {
  Config config;                         ///< the run's
  RunOptions options;                    ///< made from it
  std::vector<data::ClassName> classes;  ///< of the run's training data, in the order of the logits
  models::Model model;                   ///< with the weights, on the CPU
  std::filesystem::path weights;         ///< the file they were read from
};

/// Opens a run's folder. Throws as `weights_of_run` does; ConfigError, IoError and WeightsError
/// where what lies in the folder cannot be used. `log` hears of broken checkpoints.
TrainedRun open_run(const std::filesystem::path& run, RunWeights which, const Log& log);

}  // namespace imgcls::train
