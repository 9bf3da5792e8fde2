#pragma once
// Models by name.

#include <imgcls/models/model.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace imgcls::models {

/// The first layers of a network.
enum class Stem {
  imagenet,  ///< 7x7 convolution of stride 2 and a 3x3 max pool of stride 2: for 224 px
  small,     ///< 3x3 convolution of stride 1: for images of up to 64 px
};

/// What a model can be told when it is made.
struct ModelOptions {
  /// Number of classes: logits are N x classes.
  int classes = 1000;
  /// Of the images: 3, or 1 for grey ones. Then the first convolution has the sum over the colours
  /// of the weights it would have had: what it makes of a grey image is what it made of three equal
  /// channels.
  int channels = 3;
  /// Residual branches start at zero (Goyal et al., arXiv:1706.02677): the last batch norm's weight
  /// of each block is 0.
  bool zero_init_residual = false;
  Stem stem = Stem::imagenet;  ///< which first layers, where a model has both
  /// Channels of the first stage; 0: the model's own number. Only resnet9 and airbench take
  /// another.
  int width = 0;
  /// Probability that dropout zeroes a value; unset: the model's own.
  std::optional<double> dropout = {};
  /// Probability that stochastic depth (Huang et al., arXiv:1603.09382) leaves out the last
  /// residual branch, growing linearly from 0 at the first; unset: the model's own.
  std::optional<double> drop_path = {};
  /// Blur before each reduction by 2 (Zhang, "Making convolutional networks shift-invariant again",
  /// arXiv:1904.11486).
  bool blur_pool = false;
  /// Side of the images for ViT (positions) and EfficientNet-Lite (padding); 0: the model's own.
  int image_size = 0;
};

/// Which options a model takes besides `classes`.
struct OptionsTaken {
  /// Whether it takes ModelOptions' member of that name; `small_stem`: Stem::small, `one_channel`:
  /// 1 channel.
  bool zero_init_residual = false, small_stem = false, width = false, dropout = false,
       drop_path = false, blur_pool = false, image_size = false, one_channel = true;
};

/// What is known about a model.
struct ModelInfo {
  std::string name;  ///< in configurations and programs: "resnet50"
  /// Trainable values, with 1,000 classes and the other options at their defaults.
  std::int64_t parameters = 0;
  /// Multiplications and additions, counted as one operation, of the layers for one image of
  /// input_size, in 10^9.
  double gflops = 0;
  /// Side of the images on which the model's results were published, in pixels.
  int input_size = 224;
  /// Where it is described: "arXiv:1512.03385".
  std::string paper;
  OptionsTaken takes = {};  ///< what its factory does not refuse
};

/// Makes a model, with weights drawn from PyTorch's generator.
using ModelFactory = std::function<Model(const ModelOptions&)>;

/// A model that can be made by its name.
struct ModelEntry {
  ModelInfo info;     ///< its name among it
  ModelFactory make;  ///< called by `create` with options that it takes
};

/// Makes a model with weights initialized from PyTorch's default generator (`at::manual_seed`), in
/// the order in which torchvision's model of that name does, so that equal seeds give equal bits.
/// Throws ConfigError for an unknown name, with the nearest known one, and for options that the
/// model does not take.
Model create(std::string_view name, const ModelOptions& options = {});

/// Channels of the images that a model takes: what `create` made it for; 3 for another's model.
int channels_of(const Model& model);

/// Makes a model of one's own known to `create`, to configurations and to the programs: call it
/// before them. Throws ConfigError where the name is taken.
void add(ModelEntry entry);

/// The names `create` knows, sorted as their families are.
std::vector<std::string> names();

/// What is known about the model of that name. Throws ConfigError like `create`.
const ModelInfo& info(std::string_view name);

}  // namespace imgcls::models
