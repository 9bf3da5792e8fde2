#pragma once
// What a run is told of its network: which one, and the weights it starts from.

#include <imgcls/core/option_fields.h>
#include <imgcls/models/registry.h>

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace imgcls::train {

/// The first layers that a configuration asks for; automatic: small for training images of up to 64
/// pixels, where the model has both.
enum class StemChoice { automatic, imagenet, small };

/// The section `model`. A program that makes its model itself leaves all but `unfreeze_epoch`
/// alone: they are for `create_model` (train/compose.h) and `fine_tune` (train/fine_tune.h).
struct ModelRunOptions {
  std::string name = {};                    ///< one of models::names()
  bool zero_init_residual = false;          ///< as in models::ModelOptions
  StemChoice stem = StemChoice::automatic;  ///< which first layers
  int width = 0;                            ///< as in models::ModelOptions
  /// Weights to start from: a file or a run's folder; empty: those that are drawn.
  std::string weights = {};
  std::string weights_key = {};  ///< which of several state dicts (models::LoadOptions::key)
  bool new_head = false;         ///< draw the layer that gives the logits anew, beside `weights`
  /// Parts that keep their values (models::Model::freeze).
  std::vector<std::string> freeze = {};
  /// The first epoch, counted from 0, in which what Model::freeze froze is trained as well; 0: it
  /// stays frozen.
  int unfreeze_epoch = 0;
  std::optional<double> dropout = {};    ///< as in models::ModelOptions
  std::optional<double> drop_path = {};  ///< as in models::ModelOptions
  bool blur_pool = false;                ///< as in models::ModelOptions
  int image_size = 0;                    ///< as in models::ModelOptions
};

/// How configurations call them.
const OptionFields<ModelRunOptions>& model_fields();

/// What models::create is told, for so many classes, images of that many channels, and training
/// images of that side. Throws ConfigError for an unknown name.
models::ModelOptions model_options(const ModelRunOptions& options, std::size_t classes,
                                   int channels, int side);

/// What a configuration says of a model that is there: its name, frozen parts and, where
/// models::create made it, its options; of `given` what no model tells of itself: where its weights
/// came from, and when frozen parts are trained.
ModelRunOptions describe(const models::Model& model, const ModelRunOptions& given);

}  // namespace imgcls::train
