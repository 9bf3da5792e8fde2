#include <imgcls/models/model.h>

#include <torch/nn/module.h>

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
    : module_(std::move(module)), forward_(std::move(forward)), name_(name) {}

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
