#include <imgcls/core/error.h>
#include <imgcls/core/nearest.h>
#include <imgcls/models/network.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <regex>
#include <utility>

namespace imgcls::models {
namespace {

template <class Items>
std::vector<NamedTensor> to_vector(const Items& items) {
  std::vector<NamedTensor> tensors;
  for (const auto& item : items) tensors.push_back({item.key(), item.value()});
  return tensors;
}

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
    throw ConfigError(fmt::format("{} has no stage \"{}\"; did you mean \"{}\"? It has: {}", name_,
                                  stage, nearest_name(stage, known), fmt::join(known, ", ")));
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

std::vector<Auxiliary> Model::auxiliary() const {
  return network_ == nullptr ? std::vector<Auxiliary>() : network_->auxiliary();
}

std::vector<NamedTensor> Model::parameters() const {
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

std::size_t Model::freeze(const std::string& pattern) {
  std::regex expression;
  try {
    expression = std::regex(pattern);
  } catch (const std::regex_error& e) {
    throw ConfigError(fmt::format("\"{}\" is no regular expression: {}", pattern, e.what()));
  }
  std::size_t frozen = 0;
  for (const NamedTensor& p : parameters()) {
    if (!std::regex_search(p.name, expression)) continue;
    p.tensor.set_requires_grad(false);
    ++frozen;
  }
  return frozen;
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
