#include <imgcls/models/distilled.h>

#include <torch/nn/module.h>

namespace imgcls::models {

std::optional<DistilledLogits> distilled_logits(const Model& model) {
  const auto* distilled = dynamic_cast<const Distilled*>(&model.module());
  if (distilled == nullptr || !model.is_training()) return std::nullopt;
  return distilled->distilled_logits();
}

}  // namespace imgcls::models
