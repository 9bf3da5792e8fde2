// The Vision Transformer (Dosovitskiy et al., arXiv:2010.11929): an image is a row of patches, each
// of which becomes a token by a linear layer; a class token before them gathers what the last layer
// reads. DeiT (Touvron et al., arXiv:2012.12877) has another one for what it learns from a teacher.

#include <imgcls/core/error.h>
#include <imgcls/models/distilled.h>
#include <imgcls/models/families.h>
#include <imgcls/models/init.h>
#include <imgcls/models/layers.h>
#include <imgcls/models/network.h>
#include <imgcls/models/transformer.h>

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/zeros.h>
#include <fmt/format.h>
#include <torch/nn/init.h>
#include <torch/nn/modules/dropout.h>
#include <torch/nn/modules/linear.h>
#include <torch/nn/modules/normalization.h>

#include <cmath>
#include <utility>

namespace imgcls::models {
namespace {

namespace nn = torch::nn;

struct VitShape {
  int patch, layers, heads, width, hidden;
};

nn::LayerNorm vit_norm(int width) {
  return nn::LayerNorm(nn::LayerNormOptions({width}).eps(1e-6));
}

/// torch's MultiheadAttention with its parameter names, of tokens among themselves.
class SelfAttentionImpl : public nn::Module {
 public:
  SelfAttentionImpl(int width, int heads)
      : heads_(heads),
        out_proj_(register_module("out_proj", nn::Linear(width, width))),
        weight_(register_parameter("in_proj_weight", at::empty({3 * width, width}))),
        bias_(register_parameter("in_proj_bias", at::zeros({3 * width}))) {
    nn::init::xavier_uniform_(weight_);
    nn::init::zeros_(out_proj_->bias);
  }

  at::Tensor forward(const at::Tensor& tokens) {
    return out_proj_(attention(at::linear(tokens, weight_, bias_), heads_));
  }

 private:
  int heads_;
  nn::Linear out_proj_;
  at::Tensor weight_, bias_;
};
TORCH_MODULE(SelfAttention);

class EncoderLayer : public nn::Module {
 public:
  EncoderLayer(const VitShape& shape, double dropout, double drop_path)
      : ln_1_(register_module("ln_1", vit_norm(shape.width))),
        self_attention_(register_module("self_attention", SelfAttention(shape.width, shape.heads))),
        dropout_(register_module("dropout", nn::Dropout(dropout))),
        ln_2_(register_module("ln_2", vit_norm(shape.width))),
        mlp_(register_module("mlp", mlp(shape.width, shape.hidden, dropout))),
        drop_path_(register_module("drop_path", StochasticDepth(drop_path))) {}

  at::Tensor forward(const at::Tensor& tokens) {
    const at::Tensor x = tokens + drop_path_->forward(dropped(self_attention_(ln_1_(tokens))));
    return x + drop_path_->forward(mlp_(ln_2_(x)));
  }

 private:
  /// torch's attention lays its result out token by token, and dropout draws in memory's order:
  /// this draws as it does there.
  at::Tensor dropped(const at::Tensor& attended) {
    if (!is_training() || dropout_->options.p() == 0) return attended;
    return dropout_(attended.transpose(0, 1).contiguous()).transpose(0, 1);
  }

  nn::LayerNorm ln_1_;
  SelfAttention self_attention_;
  nn::Dropout dropout_;
  nn::LayerNorm ln_2_;
  Chain mlp_;
  StochasticDepth drop_path_;
};

/// Only there for its parameters' names: the network's stages run its parts.
struct EncoderImpl : nn::Module {
  EncoderImpl(const VitShape& shape, std::int64_t tokens, double drop_rate, double drop_path)
      : pos_embedding(register_parameter("pos_embedding",
                                         at::empty({1, tokens, shape.width}).normal_(0, 0.02))),
        dropout(register_module("dropout", nn::Dropout(drop_rate))) {
    const double step = shape.layers > 1 ? drop_path / (shape.layers - 1) : 0;
    for (int i = 0; i < shape.layers; ++i) {
      layers.push_back(std::make_shared<EncoderLayer>(shape, drop_rate, step * i));
      chain->add(fmt::format("encoder_layer_{}", i), layers.back());
    }
    register_module("layers", chain);
    ln = register_module("ln", vit_norm(shape.width));
  }

  at::Tensor pos_embedding;
  nn::Dropout dropout;
  std::vector<std::shared_ptr<EncoderLayer>> layers;
  Chain chain;
  nn::LayerNorm ln{nullptr};
};
TORCH_MODULE(Encoder);

/// Patches among which some tokens of the network's own stand first: all but what reads these.
class PatchTransformer : public Network {
 protected:
  /// `own` tokens, of which the class token is the first. A network adds its head and calls
  /// `draw_projection`, in torchvision's order.
  PatchTransformer(const VitShape& shape, int side, const ModelOptions& options, int own)
      : class_token_(register_parameter("class_token", at::zeros({1, 1, shape.width}))),
        side_(side),
        conv_proj_(register_module(
            "conv_proj",
            nn::Conv2d(nn::Conv2dOptions(3, shape.width, shape.patch).stride(shape.patch)))),
        encoder_(register_module(
            "encoder", Encoder(shape, own + patches(shape.patch), options.dropout.value_or(0),
                               options.drop_path.value_or(0)))) {}

  /// All before the head: N x tokens x width. `first_parts`: whose parameters the first stage has
  /// besides.
  void add_encoder_stages(std::vector<std::string> first_parts) {
    first_parts.insert(first_parts.end(), {"conv_proj", "encoder.pos_embedding"});
    add_stage(
        "conv_proj", [this](const at::Tensor& images) { return tokens(images); },
        std::move(first_parts));
    for (std::size_t i = 0; i < encoder_->layers.size(); ++i) {
      add_stage(
          fmt::format("encoder.layers.encoder_layer_{}", i),
          [layer = encoder_->layers[i].get()](const at::Tensor& x) { return layer->forward(x); });
    }
    add_stage("encoder.ln", encoder_->ln);
  }

  void draw_projection(const VitShape& shape) {
    const double fan_in = 3.0 * shape.patch * shape.patch;
    trunc_normal_(conv_proj_->weight, 0, std::sqrt(1 / fan_in));
    nn::init::zeros_(conv_proj_->bias);
  }

  /// The tokens before the patches: 1 x own x width.
  virtual at::Tensor own_tokens() const { return class_token_; }

  at::Tensor class_token_;

 private:
  std::int64_t patches(int patch) const {
    return static_cast<std::int64_t>(side_ / patch) * (side_ / patch);
  }

  /// N x (own + patches) x width. The network's tokens are added to rows of zeros before the
  /// patches, which is how they come before those of every image without a word about their number.
  at::Tensor tokens(const at::Tensor& images) {
    if (images.size(2) != side_ || images.size(3) != side_) {
      throw ConfigError(fmt::format("this ViT takes images of {0} x {0} pixels, not {1} x {2}",
                                    side_, images.size(2), images.size(3)));
    }
    const at::Tensor patches = conv_proj_(images).flatten(2).transpose(1, 2);
    const at::Tensor own = own_tokens();
    const at::Tensor first =
        at::constant_pad_nd(own, {0, 0, 0, patches.size(1)}) + encoder_->pos_embedding;
    return encoder_->dropout(at::constant_pad_nd(patches, {0, 0, own.size(1), 0}) + first);
  }

  int side_;
  nn::Conv2d conv_proj_;
  Encoder encoder_;
};

/// A layer from tokens to logits, all zeros at first.
nn::Linear token_head(const VitShape& shape, const ModelOptions& options) {
  nn::Linear layer(shape.width, options.classes);
  nn::init::zeros_(layer->weight);
  nn::init::zeros_(layer->bias);
  return layer;
}

class VisionTransformer final : public PatchTransformer {
 public:
  VisionTransformer(const VitShape& shape, int side, const ModelOptions& options)
      : PatchTransformer(shape, side, options, /*own=*/1) {
    Chain heads;
    heads->add("head", token_head(shape, options));
    register_module("heads", heads);
    add_encoder_stages({"class_token"});
    add_stage("class_token", [](const at::Tensor& x) { return x.select(1, 0); });
    add_stage("heads", heads);
    set_head("heads.head");
    draw_projection(shape);
  }
};

/// Only there for its parameters' names.
struct DistilledHeadsImpl : nn::Module {
  DistilledHeadsImpl(const VitShape& shape, const ModelOptions& options)
      : head(register_module("head", token_head(shape, options))),
        head_dist(register_module("head_dist", token_head(shape, options))) {}

  nn::Linear head, head_dist;
};
TORCH_MODULE(DistilledHeads);

/// With a second token, and a layer that reads it. Logits are the mean of both, which is what is
/// trained without a teacher, too, as timm has it.
class DistilledTransformer final : public PatchTransformer, public Distilled {
 public:
  DistilledTransformer(const VitShape& shape, int side, const ModelOptions& options)
      : PatchTransformer(shape, side, options, /*own=*/2),
        distillation_token_(
            register_parameter("distillation_token", at::empty({1, 1, shape.width}))),
        heads_(register_module("heads", DistilledHeads(shape, options))) {
    add_encoder_stages({"class_token", "distillation_token"});
    add_stage("tokens", [](const at::Tensor& x) { return x.narrow(1, 0, 2); });
    add_stage("heads", [this](const at::Tensor& both) { return logits(both); });
    set_head("heads.head", {"heads.head_dist"});
    trunc_normal_(distillation_token_, 0, 0.02);
    draw_projection(shape);
  }

  DistilledLogits distilled_logits() const override { return last_; }

 private:
  at::Tensor own_tokens() const override { return at::cat({class_token_, distillation_token_}, 1); }

  at::Tensor logits(const at::Tensor& both) {
    const at::Tensor by_labels = heads_->head(both.select(1, 0));
    const at::Tensor by_teacher = heads_->head_dist(both.select(1, 1));
    if (is_training()) last_ = {.by_labels = by_labels, .by_teacher = by_teacher};
    return (by_labels + by_teacher) / 2;
  }

  at::Tensor distillation_token_;
  DistilledHeads heads_;
  DistilledLogits last_;
};

template <class Transformer>
Model make(const std::string& name, const VitShape& shape, const ModelOptions& options) {
  constexpr int kPublishedSide = 224;
  const int side = options.image_size == 0 ? kPublishedSide : options.image_size;
  if (side < shape.patch || side % shape.patch != 0) {
    throw ConfigError(
        fmt::format("model.image_size of {} is {}, not a multiple of {}", name, side, shape.patch));
  }
  return Model(std::make_shared<Transformer>(shape, side, options), name);
}

}  // namespace

std::vector<ModelEntry> vision_transformer_family() {
  std::vector<ModelEntry> all;
  const auto entry = [&](const std::string& name, std::int64_t parameters, double gflops,
                         const VitShape& shape, const std::string& paper = "arXiv:2010.11929",
                         Model(*make_it)(const std::string&, const VitShape&, const ModelOptions&) =
                             make<VisionTransformer>) {
    ModelInfo info{.name = name,
                   .parameters = parameters,
                   .gflops = gflops,
                   .paper = paper,
                   .takes = {.dropout = true, .drop_path = true, .image_size = true}};
    all.push_back({std::move(info), [name, shape, make_it](const ModelOptions& options) {
                     return make_it(name, shape, options);
                   }});
  };
  const std::string small = "arXiv:2106.10270";  // "How to train your ViT?"
  entry("vit_ti_16", 5'717'416, 1.254, {16, 12, 3, 192, 768}, small);
  entry("vit_s_16", 22'050'664, 4.599, {16, 12, 6, 384, 1536}, small);
  entry("vit_b_16", 86'567'656, 17.564, {16, 12, 12, 768, 3072});
  entry("vit_b_32", 88'224'232, 4.409, {32, 12, 12, 768, 3072});
  entry("vit_l_16", 304'326'632, 61.555, {16, 24, 16, 1024, 4096});
  entry("vit_l_32", 306'535'400, 15.378, {32, 24, 16, 1024, 4096});
  entry("vit_h_14", 632'045'800, 167.295, {14, 32, 16, 1280, 5120});
  const std::string deit = "arXiv:2012.12877";
  const auto distilled = make<DistilledTransformer>;
  entry("deit_ti_16_distilled", 5'910'800, 1.261, {16, 12, 3, 192, 768}, deit, distilled);
  entry("deit_s_16_distilled", 22'436'432, 4.624, {16, 12, 6, 384, 1536}, deit, distilled);
  entry("deit_b_16_distilled", 87'338'192, 17.657, {16, 12, 12, 768, 3072}, deit, distilled);
  return all;
}

}  // namespace imgcls::models
