#include <imgcls/train/recipe/kept_weights.h>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/_foreach_copy.h>

namespace imgcls::train {
namespace {

void exchange_all(const std::vector<at::Tensor>& one, const std::vector<at::Tensor>& other) {
  for (std::size_t i = 0; i < one.size(); ++i) {
    const at::Tensor kept = one[i].clone();
    one[i].copy_(other[i]);
    other[i].copy_(kept);
  }
}

}  // namespace

KeptWeights::KeptWeights(const models::Model& model, bool buffers) {
  const at::NoGradGuard no_grad;
  for (const auto& [name, tensor] : model.parameters()) add(name, tensor, /*averaged=*/true);
  for (const auto& [name, tensor] : model.buffers()) {
    add(name, tensor, buffers && tensor.is_floating_point());
  }
}

void KeptWeights::add(const std::string& name, const at::Tensor& tensor, bool averaged) {
  const at::Tensor copy = tensor.detach().clone();
  (averaged ? trained_ : rest_).push_back(tensor.detach());
  (averaged ? average_ : rest_kept_).push_back(copy);
  names_.push_back({name, copy});
  if (averaged) averaged_names_.push_back(name);
}

void KeptWeights::copy_rest() {
  if (!rest_.empty()) at::_foreach_copy_(rest_kept_, rest_);
}

void KeptWeights::copy_all() {
  at::_foreach_copy_(average_, trained_);
  copy_rest();
}

void KeptWeights::exchange() {
  exchange_all(trained_, average_);
  exchange_all(rest_, rest_kept_);
}

}  // namespace imgcls::train
