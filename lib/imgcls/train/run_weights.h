#pragma once
// Which file of weights is meant where a run's folder is given.

#include <imgcls/core/log.h>
#include <imgcls/log/run_folder.h>

#include <filesystem>

namespace imgcls::train {

/// Which of a run's weights to use.
enum class RunWeights {
  newest,  ///< those of its newest good checkpoint
  best,    ///< those of its best evaluation (checkpoint.best)
};

/// Their file: the average's, where the run has one. Throws CheckpointError where there is none:
/// no such folder, one of no run, no good checkpoint. `log` hears of broken checkpoints.
std::filesystem::path weights_of_run(const RunFiles& files, RunWeights which, const Log& log);

/// The file that a path stands for, wherever weights are asked for: of a run's folder its newest
/// good checkpoint's; of a folder with weights in it (RUN/best, RUN/last, a checkpoint) these; of
/// a file itself. Throws as `weights_of_run` does, and where there is neither.
std::filesystem::path weights_at(const std::filesystem::path& path, const Log& log);

}  // namespace imgcls::train
