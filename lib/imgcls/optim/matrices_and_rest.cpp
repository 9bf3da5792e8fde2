#include <imgcls/optim/adam.h>
#include <imgcls/optim/matrices_and_rest.h>
#include <imgcls/optim/pattern.h>

#include <algorithm>
#include <regex>

namespace imgcls::optim {
namespace {

/// At least two dimensions above 1, also after flattening, neither side below 4 nor 128 times the
/// other: timm's rules.
bool is_matrix(const at::Tensor& parameter) {
  if (parameter.dim() < 2 || parameter.size(0) == 1 || parameter.size(1) == 1) return false;
  const std::int64_t rows = parameter.size(0), columns = parameter.numel() / rows;
  return std::min(rows, columns) >= 4 && std::max(rows, columns) <= 128 * std::min(rows, columns);
}

std::vector<ParameterGroup> part(const std::vector<ParameterGroup>& groups, bool matrices,
                                 const std::vector<std::regex>& adamw) {
  const auto is_adamw = [&](const std::string& name) {
    return std::ranges::any_of(adamw,
                               [&](const auto& each) { return std::regex_search(name, each); });
  };
  std::vector<ParameterGroup> taken = groups;
  for (ParameterGroup& group : taken) {
    std::erase_if(group.parameters, [&](const models::NamedTensor& each) {
      return matrices != (is_matrix(each.tensor) && !is_adamw(each.name));
    });
  }
  std::erase_if(taken, [](const ParameterGroup& group) { return group.parameters.empty(); });
  return taken;
}

OptimizerOptions adamw_options(OptimizerOptions options) {
  options.name = "adamw";
  options.own = {};
  return options;
}

}  // namespace

MatricesAndRest::MatricesAndRest(std::vector<ParameterGroup> groups,
                                 const OptimizerOptions& options,
                                 const std::vector<std::string>& adamw, std::string_view key,
                                 const Make& make)
    : Optimizer(groups) {
  std::vector<std::regex> patterns;
  for (const std::string& each : adamw) patterns.push_back(pattern(each, key));
  matrices_ = make(part(groups, true, patterns));
  rest_ = std::make_unique<Adam>(part(groups, false, patterns), adamw_options(options));
}

void MatricesAndRest::step(double lr, const at::Tensor& grad_scale, const at::Tensor& found_inf) {
  matrices_->step(lr, grad_scale, found_inf);
  rest_->step(lr, grad_scale, found_inf);
}

void MatricesAndRest::scale_weight_decay(double factor) {
  matrices_->scale_weight_decay(factor);
  rest_->scale_weight_decay(factor);
}

void MatricesAndRest::share_work(std::shared_ptr<WorkSharing> sharing) {
  matrices_->share_work(std::move(sharing));
}

std::vector<models::NamedTensor> MatricesAndRest::state() const {
  std::vector<models::NamedTensor> all = matrices_->state();
  for (models::NamedTensor& each : rest_->state()) all.push_back(std::move(each));
  return all;
}

}  // namespace imgcls::optim
