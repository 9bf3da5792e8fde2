#include <imgcls/core/error.h>
#include <imgcls/core/nearest.h>
#include <imgcls/models/families.h>
#include <imgcls/models/registry.h>

#include <ATen/core/grad_mode.h>
#include <fmt/format.h>
#include <torch/nn/modules/conv.h>

#include <algorithm>
#include <deque>
#include <iterator>
#include <memory>

namespace imgcls::models {
namespace {

// A deque, because entries are referred to while others are added.
std::deque<ModelEntry>& entries() {
  static std::deque<ModelEntry> all = [] {
    std::deque<ModelEntry> made;
    for (const auto family : {alexnet_family,
                              densenet_family,
                              googlenet_family,
                              inception_family,
                              mnasnet_family,
                              mobilenetv2_family,
                              mobilenetv3_family,
                              resnet_family,
                              shufflenetv2_family,
                              squeezenet_family,
                              vgg_family,
                              efficientnet_family,
                              efficientnet_lite_family,
                              regnet_family,
                              convnext_family,
                              vision_transformer_family,
                              swin_transformer_family,
                              maxvit_family,
                              airbench_family,
                              resnet9_family}) {
      std::ranges::move(family(), std::back_inserter(made));
    }
    return made;
  }();
  return all;
}

const ModelEntry* find(std::string_view name) {
  const auto found = std::ranges::find(
      entries(), name, [](const ModelEntry& e) -> const std::string& { return e.info.name; });
  return found == entries().end() ? nullptr : &*found;
}

const ModelEntry& entry(std::string_view name) {
  if (const ModelEntry* found = find(name)) return *found;
  throw ConfigError(
      fmt::format("no model \"{}\"; {} (imgcls models)", name, known_names(name, names())));
}

void require_taken(const ModelInfo& info, const ModelOptions& options) {
  const auto check = [&](bool given, bool taken, std::string_view key) {
    if (given && !taken) throw ConfigError(fmt::format("{} takes no model.{}", info.name, key));
  };
  const OptionsTaken& takes = info.takes;
  check(options.zero_init_residual, takes.zero_init_residual, "zero_init_residual");
  check(options.stem == Stem::small, takes.small_stem, "stem=small");
  check(options.width != 0, takes.width, "width");
  check(options.dropout.has_value(), takes.dropout, "dropout");
  check(options.drop_path.has_value(), takes.drop_path, "drop_path");
  check(options.blur_pool, takes.blur_pool, "blur_pool");
  check(options.image_size != 0, takes.image_size, "image_size");
  if (options.channels == 3 || (options.channels == 1 && takes.one_channel)) return;
  throw ConfigError(fmt::format("{} takes images of {}, not of {} channels", info.name,
                                takes.one_channel ? "3 channels or 1" : "3 channels",
                                options.channels));
}

/// What timm's adapt_input_conv does for one channel.
void take_grey(const Model& model) {
  for (const auto& module : model.module().modules(/*include_self=*/false)) {
    auto* conv = module->as<torch::nn::Conv2dImpl>();
    if (conv == nullptr) continue;
    const at::NoGradGuard no_grad;
    if (conv->options.in_channels() == 3) {
      conv->options.in_channels(1);
      conv->weight.set_data(conv->weight.sum(1, /*keepdim=*/true));
    }
    return;
  }
}

}  // namespace

std::vector<std::string> names() {
  std::vector<std::string> all;
  for (const ModelEntry& entry : entries()) all.push_back(entry.info.name);
  return all;
}

const ModelInfo& info(std::string_view name) {
  return entry(name).info;
}

int channels_of(const Model& model) {
  return model.made_with() == nullptr ? 3 : model.made_with()->channels;
}

void add(ModelEntry entry) {
  if (find(entry.info.name) != nullptr) {
    throw ConfigError(fmt::format("there is a model \"{}\" already", entry.info.name));
  }
  entries().push_back(std::move(entry));
}

Model create(std::string_view name, const ModelOptions& options) {
  const ModelEntry& found = entry(name);
  require_taken(found.info, options);
  Model model = found.make(options);
  if (options.channels == 1) take_grey(model);
  model.set_made_with(std::make_shared<const ModelOptions>(options));
  return model;
}

}  // namespace imgcls::models
