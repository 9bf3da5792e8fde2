#include <imgcls/core/error.h>
#include <imgcls/core/nearest.h>
#include <imgcls/models/head.h>
#include <imgcls/models/network.h>

#include <fmt/format.h>

#include <algorithm>
#include <regex>
#include <utility>

namespace imgcls::models {
namespace {

template <class Items>
NamedTensors to_vector(const Items& items) {
  NamedTensors tensors;
  for (const auto& item : items) tensors.push_back({item.key(), item.value()});
  return tensors;
}

/// Freezes all but the heads.
constexpr const char* kBackbone = "backbone";
/// Recomputes all of them.
constexpr const char* kAllStages = "all";

}  // namespace

Model::Model(std::shared_ptr<torch::nn::Module> module,
             std::function<at::Tensor(const at::Tensor&)> forward, std::string_view name)
    : module_(std::move(module)),
      network_(dynamic_cast<const Network*>(module_.get())),
      forward_(std::move(forward)),
      name_(name) {}

std::vector<std::string> Model::stages() const {
  std::vector<std::string> names;
  if (network_ == nullptr) return names;
  for (const Stage& stage : network_->stages()) names.push_back(stage.name);
  return names;
}

at::Tensor Model::features(const at::Tensor& images, std::string_view stage) const {
  const std::vector<std::string> known = stages();
  if (std::find(known.begin(), known.end(), stage) == known.end()) {
    throw ConfigError(
        fmt::format("{} has no stage \"{}\"; {}", name_, stage, known_names(stage, known)));
  }
  at::Tensor x = images;
  for (const Stage& step : network_->stages()) {
    x = step.run(x);
    if (step.name == stage) break;
  }
  return x;
}

const std::string& Model::head() const {
  static const std::string unknown;
  return network_ == nullptr ? unknown : network_->head();
}

std::vector<std::string> Model::heads() const {
  if (head().empty()) return {};
  std::vector<std::string> all{head()};
  const auto& auxiliary = network_->auxiliary_heads();
  all.insert(all.end(), auxiliary.begin(), auxiliary.end());
  return all;
}

std::vector<Auxiliary> Model::auxiliary() const {
  return network_ == nullptr ? std::vector<Auxiliary>() : network_->auxiliary();
}

NamedTensors Model::parameters() const {
  return to_vector(module_->named_parameters());
}

std::vector<NamedTensor> Model::buffers() const {
  return to_vector(module_->named_buffers());
}

std::int64_t Model::parameter_count() const {
  std::int64_t count = 0;
  for (const NamedTensor& p : parameters())
    count += p.tensor.requires_grad() ? p.tensor.numel() : 0;
  return count;
}

std::int64_t Model::value_count() const {
  std::int64_t count = 0;
  for (const NamedTensor& p : parameters()) count += p.tensor.numel();
  return count;
}

Model::Choice Model::choose(const std::string& what) const {
  if (what == kBackbone && !heads().empty()) {
    return [this](const std::string& name) { return !is_of_head(*this, name); };
  }
  if (network_ != nullptr) {
    const auto stage = std::ranges::find(network_->stages(), what, &Stage::name);
    if (stage != network_->stages().end()) {
      return [&stage = *stage](const std::string& name) { return stage.has(name); };
    }
  }
  try {
    return [expression = std::regex(what)](const std::string& name) {
      return std::regex_search(name, expression);
    };
  } catch (const std::regex_error& e) {
    throw ConfigError(fmt::format("\"{}\" is not a regular expression: {}", what, e.what()));
  }
}

std::size_t Model::freeze(const std::string& what) {
  const Choice chosen = choose(what);
  std::size_t frozen = 0;
  for (const NamedTensor& p : parameters()) {
    if (!chosen(p.name)) continue;
    ++frozen;
    if (!p.tensor.requires_grad()) continue;
    p.tensor.set_requires_grad(false);
    frozen_.push_back(p);
  }
  if (frozen > 0) frozen_parts_.push_back(what);
  return frozen;
}

void Model::unfreeze() {
  for (const NamedTensor& p : frozen_) p.tensor.set_requires_grad(true);
  frozen_.clear();
  frozen_parts_.clear();
}

std::vector<std::string> Model::parts() const {
  std::vector<std::string> all;
  if (!heads().empty()) all.emplace_back(kBackbone);
  const std::vector<NamedTensor> own = parameters();
  for (const std::string& stage : stages()) {
    if (std::ranges::any_of(own, choose(stage), &NamedTensor::name)) all.push_back(stage);
  }
  if (network_ != nullptr) return all;
  for (const NamedTensor& p : own) {
    const std::string first = p.name.substr(0, p.name.find('.'));
    if (std::ranges::find(all, first) == all.end()) all.push_back(first);
  }
  return all;
}

void Model::recompute(const std::vector<std::string>& names) const {
  if (names.empty()) return;
  auto* network = dynamic_cast<Network*>(module_.get());
  if (network == nullptr) {
    throw ConfigError(
        fmt::format("train.recompute: {} is no row of stages (models/network.h)", name_));
  }
  if (!network->auxiliary_heads().empty()) {
    throw ConfigError(fmt::format(
        "train.recompute: {} has auxiliary classifiers, whose logits no stage gives", name_));
  }
  const std::vector<std::string> known = stages();
  for (const std::string& name : names) {
    if (name != kAllStages && std::ranges::find(known, name) == known.end()) {
      throw ConfigError(fmt::format("train.recompute: {} has no stage \"{}\"; {}", name_, name,
                                    known_names(name, known)));
    }
    for (Stage& stage : network->stages()) {
      stage.is_recomputed |= name == kAllStages || name == stage.name;
    }
  }
}

void Model::train(bool on) {
  module_->train(on);
}

bool Model::is_training() const {
  return module_->is_training();
}

void Model::to(const std::string& device) {
  module_->to(at::Device(device));
}

void Model::to_channels_last() {
  const at::NoGradGuard no_grad;
  for (const NamedTensor& p : parameters()) {
    if (p.tensor.dim() != 4) continue;
    // Not contiguous(): a 1x1 convolution's weights count as channels last with either strides, and
    // their gradients come with these.
    const at::Tensor laid_out = at::empty(
        p.tensor.sizes(), p.tensor.options().memory_format(at::MemoryFormat::ChannelsLast));
    p.tensor.set_data(laid_out.copy_(p.tensor));
  }
}

}  // namespace imgcls::models
