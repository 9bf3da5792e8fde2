#pragma once
// What the kinds of batch norm with shared statistics have in common. Internal to models/.

#include <imgcls/core/error.h>
#include <imgcls/models/batch_norm.h>
#include <torch/csrc/autograd/custom_function.h>

#include <memory>
#include <utility>

namespace imgcls::models {

/// Takes a StatisticsExchange from a forward pass to its backward pass.
struct ExchangeCarrier : torch::CustomClassHolder {
  explicit ExchangeCarrier(std::shared_ptr<StatisticsExchange> carried)
      : exchange(std::move(carried)) {}
  std::shared_ptr<StatisticsExchange> exchange;
};

inline void carry(torch::autograd::AutogradContext* context,
                  std::shared_ptr<StatisticsExchange> exchange) {
  context->saved_data["exchange"] =
      c10::IValue::make_capsule(c10::make_intrusive<ExchangeCarrier>(std::move(exchange)));
}

inline StatisticsExchange& carried(torch::autograd::AutogradContext* context) {
  const auto capsule = context->saved_data["exchange"].toCapsule();
  return *static_cast<ExchangeCarrier&>(*capsule).exchange;
}

/// For a backward pass that cannot be differentiated itself.
inline void refuse_second_derivative() {
  if (!at::GradMode::is_enabled()) return;
  throw Error("batch norm with shared statistics has no second derivative");
}

}  // namespace imgcls::models
