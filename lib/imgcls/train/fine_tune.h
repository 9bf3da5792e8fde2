#pragma once
// What a run starts from: other weights, a new head, frozen parts.

#include <imgcls/models/model.h>
#include <imgcls/train/options.h>

#include <string>
#include <vector>

namespace imgcls::train {

/// Does what `model.weights`, `model.weights_key`, `model.new_head` and `model.freeze` ask for.
/// Returns what is worth telling, a line each. Throws ConfigError where they do not go together,
/// where a part to freeze is none of the model's (with those there are), and where nothing would be
/// left to train; WeightsError and CheckpointError where the weights cannot be used. Weights that
/// are not there are no error where the run has a checkpoint to go on from.
std::vector<std::string> fine_tune(const RunOptions& options, models::Model& model);

}  // namespace imgcls::train
