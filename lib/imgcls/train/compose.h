#pragma once
// The parts of a run, made from its options or its configuration.

#include <imgcls/core/config.h>
#include <imgcls/data/source.h>
#include <imgcls/dist/world.h>
#include <imgcls/models/model.h>
#include <imgcls/train/options.h>

#include <cstddef>
#include <filesystem>
#include <memory>

namespace imgcls::train {

/// What a Trainer is made from.
struct Parts {
  RunOptions options;  ///< of the whole configuration
  /// The two halves of the data, opened; their classes are the same.
  std::shared_ptr<const data::Source> train, val;
  models::Model model;  ///< on the CPU, with its first weights or those of `model.weights`
};

/// Stages (train/stage.h), sets PyTorch up (configure_torch), opens the data and makes the model;
/// rank 0 tells RunOptions::notes. All ranks call it; throws dist::AgreedError.
Parts compose(const RunOptions& options, dist::World& world);
/// The same of the options of a configuration.
Parts compose(const Config& config, dist::World& world);

/// Composes a run and trains it to its end, or until a signal stops it: what training programs do.
/// The exit code (train/program.h).
int run_training(const Config& config, dist::World& world);

/// Which half of a data set.
enum class Split { train, val };

/// The folder of that half: `root` and `train` or `val`.
std::filesystem::path data_folder(const DataOptions& options, Split split);

/// Opens that half of the data set, in its data_folder. Throws DataError, ConfigError.
std::shared_ptr<const data::Source> open_source(const DataOptions& options, Split split);
/// Likewise, in the folder that it was copied to (train/stage.h).
std::shared_ptr<const data::Source> open_source(const DataOptions& options, Split split,
                                                const std::filesystem::path& folder);

/// Makes RunOptions::model, with first weights drawn from PyTorch's generator. Throws ConfigError.
models::Model create_model(const RunOptions& options, std::size_t classes);

}  // namespace imgcls::train
