#pragma once
// The parts of a run, made from its configuration.

#include <imgcls/core/config.h>
#include <imgcls/data/source.h>
#include <imgcls/dist/world.h>
#include <imgcls/models/model.h>
#include <imgcls/train/options.h>

#include <cstddef>
#include <memory>

namespace imgcls::train {

/// What a Trainer is made from.
struct Parts {
  RunOptions options;
  std::shared_ptr<const data::Source> train, val;
  models::Model model;
};

/// Sets PyTorch up (configure_torch), opens the data and makes the model. All ranks call it; throws
/// dist::AgreedError.
Parts compose(const Config& config, dist::World& world);

/// Which half of a data set.
enum class Split { train, val };

/// Opens the half of the data set that `data.*` describes. Throws DataError.
std::shared_ptr<const data::Source> open_source(const Config& config, Split split);

/// Makes the model that `model.*` describes, with first weights drawn from PyTorch's generator.
/// Throws ConfigError.
models::Model create_model(const Config& config, std::size_t classes);

}  // namespace imgcls::train
