#include <imgcls/train/recipe/averaged_point.h>

#include <ATen/core/grad_mode.h>

#include <map>
#include <string_view>
#include <vector>

namespace imgcls::train {
namespace {

class AveragedPoint final : public Ingredient {
 public:
  AveragedPoint(const optim::Optimizer& optimizer, const models::Model& model)
      : optimizer_(optimizer), model_(model) {}

  std::string name() const override { return "average"; }
  bool has_weights() const override { return true; }

  void exchange_weights() override {
    const at::NoGradGuard no_grad;
    const std::vector<models::NamedTensor> parameters = model_.parameters();
    if (trained_.empty()) {
      const std::vector<at::Tensor> averages = averaged(parameters);
      for (std::size_t i = 0; i < parameters.size(); ++i) {
        trained_.push_back(parameters[i].tensor.detach().clone());
        parameters[i].tensor.detach().copy_(averages[i]);
      }
    } else {
      for (std::size_t i = 0; i < parameters.size(); ++i) {
        parameters[i].tensor.detach().copy_(trained_[i]);
      }
      trained_.clear();
    }
  }

  /// By the model's names, so that the file serves as weights. Only written: the average follows
  /// from the weights and the optimizer's state.
  std::vector<models::NamedTensor> state() const override {
    const at::NoGradGuard no_grad;
    std::vector<models::NamedTensor> all = model_.parameters();
    const std::vector<at::Tensor> averages = averaged(all);
    for (std::size_t i = 0; i < all.size(); ++i) all[i].tensor = averages[i];
    for (const auto& [name, buffer] : model_.buffers()) all.push_back({name, buffer.clone()});
    return all;
  }

 private:
  /// In the order of `parameters`.
  std::vector<at::Tensor> averaged(const std::vector<models::NamedTensor>& parameters) const {
    const std::vector<models::NamedTensor> found = optimizer_.weights_to_evaluate();
    std::map<std::string_view, const at::Tensor*> by_name;
    for (const auto& [name, tensor] : found) by_name[name] = &tensor;
    std::vector<at::Tensor> all;
    all.reserve(parameters.size());
    for (const auto& [name, tensor] : parameters) all.push_back(*by_name.at(name));
    return all;
  }

  const optim::Optimizer& optimizer_;
  models::Model model_;
  std::vector<at::Tensor> trained_;  // while the model has the average
};

}  // namespace

std::unique_ptr<Ingredient> make_averaged_point(const optim::Optimizer& optimizer,
                                                const models::Model& model) {
  if (!optimizer.averages()) return nullptr;
  return std::make_unique<AveragedPoint>(optimizer, model);
}

}  // namespace imgcls::train
