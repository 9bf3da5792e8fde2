#include <imgcls/models/batch_norm.h>
#include <imgcls/models/statistics_recount.h>

#include <ATen/core/grad_mode.h>

#include <cstddef>
#include <utility>

namespace imgcls::models {
namespace {

/// Calls `visit` with each batch norm that has running statistics, in the model's order.
template <class Visit>
void for_each_norm(const Model& model, const Visit& visit) {
  const auto try_as = [&visit](auto* layer) {
    if (layer == nullptr || !layer->options.track_running_stats()) return;
    visit(*layer);
  };
  for (const auto& module : model.module().modules()) {
    try_as(dynamic_cast<BatchNorm2dImpl*>(module.get()));
    try_as(module->as<torch::nn::BatchNorm1d>());
    try_as(module->as<torch::nn::BatchNorm2d>());
    try_as(module->as<torch::nn::BatchNorm3d>());
  }
}

}  // namespace

StatisticsRecount::StatisticsRecount(const Model& model) : model_(model) {
  const at::NoGradGuard no_grad;
  for_each_norm(model_, [&](auto& norm) {
    momenta_.push_back(norm.options.momentum());
    norm.options.momentum(std::nullopt);  // the mean of all
    values_.push_back(norm.running_mean);
    values_.push_back(norm.running_var);
    before_.push_back(
        {norm.running_mean.clone(), norm.running_var.clone(), norm.num_batches_tracked.clone()});
    norm.reset_running_stats();
  });
}

void StatisticsRecount::restart() {
  for_each_norm(model_, [](auto& norm) { norm.reset_running_stats(); });
}

void StatisticsRecount::keep(std::int64_t batches) {
  const at::NoGradGuard no_grad;
  for_each_norm(model_, [&](auto& norm) { norm.num_batches_tracked.fill_(batches); });
  kept_ = true;
}

StatisticsRecount::~StatisticsRecount() {
  const at::NoGradGuard no_grad;
  std::size_t i = 0;
  for_each_norm(model_, [&](auto& norm) {
    norm.options.momentum(momenta_[i]);
    const auto& [mean, variance, batches] = before_[i++];
    if (kept_) return;
    norm.running_mean.copy_(mean);
    norm.running_var.copy_(variance);
    norm.num_batches_tracked.copy_(batches);
  });
}

bool StatisticsRecount::has(const Model& model) {
  bool found = false;
  for_each_norm(model, [&](auto&) { found = true; });
  return found;
}

}  // namespace imgcls::models
