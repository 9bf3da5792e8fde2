#include <imgcls/train/model_options.h>

#include <limits>

namespace imgcls::train {
namespace {

/// The largest training image, in pixels, for which the "auto" stem is the small one.
constexpr int kSmallImages = 64;
constexpr double kLastEpoch = std::numeric_limits<std::int32_t>::max();

constexpr Names<StemChoice, 3> kStems{{{StemChoice::automatic, "auto"},
                                       {StemChoice::imagenet, "imagenet"},
                                       {StemChoice::small, "small"}}};

bool has_small_stem(const ModelRunOptions& options, int side) {
  if (options.stem != StemChoice::automatic) return options.stem == StemChoice::small;
  return side <= kSmallImages && models::info(options.name).takes.small_stem;
}

}  // namespace

const OptionFields<ModelRunOptions>& model_fields() {
  using O = ModelRunOptions;
  static const OptionFields<O> fields = [] {
    OptionFields<O> f;
    f.add_required("name", &O::name, "The network, such as resnet50.");
    f.add("zero_init_residual", &O::zero_init_residual,
          "Start the last batch norm of each residual block at zero, so that blocks begin as "
          "identities.");
    f.add("stem", &O::stem, kStems,
          "First layers: imagenet (7x7 convolution of stride 2, pooling), small (3x3 convolution), "
          "or auto: small for training images of up to 64 pixels.");
    f.add("width", &O::width, "Channels of the first stage; 0: the model's own.",
          Limits::between(0, 65536));
    f.add("weights", &O::weights,
          "Weights to start from: a file (safetensors or .pth), or a run's folder, whose newest "
          "ones are taken; empty: random ones.");
    f.add("weights_key", &O::weights_key,
          "Which of several state dicts in model.weights, such as state_dict_ema; empty: the usual "
          "one.");
    f.add("new_head", &O::new_head,
          "Draw the layer that gives the logits anew, as torch.nn.Linear is drawn, whatever "
          "model.weights holds: for other classes.");
    f.add(
        "freeze", {{"type", "array"}, {"items", {{"type", "string"}, {"minLength", 1}}}},
        [](const nlohmann::json& value, O& to) { value.get_to(to.freeze); },
        [](const O& from) { return nlohmann::json(from.freeze); },
        "Parts that keep their values: backbone (all but the head), stages by their names, or "
        "regular expressions that are found in parameters' names. Running statistics go on.");
    f.add("unfreeze_epoch", &O::unfreeze_epoch,
          "The first epoch, counted from 0, in which what model.freeze names is trained as well; "
          "0: it stays frozen.",
          Limits::between(0, kLastEpoch));
    f.add_optional("dropout", &O::dropout,
                   "Probability that dropout zeroes a value; -1: the model's own.",
                   Limits::between(-1, 1));
    f.add_optional("drop_path", &O::drop_path,
                   "Probability that stochastic depth leaves out the last residual branch, growing "
                   "linearly from 0 at the first; -1: the model's own.",
                   Limits::between(-1, 1));
    f.add("blur_pool", &O::blur_pool,
          "Blur before each reduction by 2 (arXiv:1904.11486); ResNets take it.");
    f.add("image_size", &O::image_size,
          "Side of the images, for ViT (learned positions) and EfficientNet-Lite (padding); 0: the "
          "model's own.",
          Limits::between(0, 65535));
    return f;
  }();
  return fields;
}

models::ModelOptions model_options(const ModelRunOptions& options, std::size_t classes,
                                   int channels, int side) {
  return {.classes = static_cast<int>(classes),
          .channels = channels,
          .zero_init_residual = options.zero_init_residual,
          .stem = has_small_stem(options, side) ? models::Stem::small : models::Stem::imagenet,
          .width = options.width,
          .dropout = options.dropout,
          .drop_path = options.drop_path,
          .blur_pool = options.blur_pool,
          .image_size = options.image_size};
}

ModelRunOptions describe(const models::Model& model, const ModelRunOptions& given) {
  ModelRunOptions o{.name = model.name(),
                    .weights = given.weights,
                    .weights_key = given.weights_key,
                    .new_head = given.new_head,
                    .freeze = model.frozen_parts(),
                    .unfreeze_epoch = given.unfreeze_epoch};
  const models::ModelOptions* made = model.made_with();
  if (made == nullptr) return o;
  o.zero_init_residual = made->zero_init_residual;
  o.stem = made->stem == models::Stem::small ? StemChoice::small : StemChoice::imagenet;
  o.width = made->width;
  o.dropout = made->dropout;
  o.drop_path = made->drop_path;
  o.blur_pool = made->blur_pool;
  o.image_size = made->image_size;
  return o;
}

}  // namespace imgcls::train
