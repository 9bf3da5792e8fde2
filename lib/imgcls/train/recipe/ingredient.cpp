#include <imgcls/train/recipe/ingredient.h>

namespace imgcls::train {

void Ingredient::begin_epoch(std::uint32_t /*epoch*/) {}
void Ingredient::before_forward(const StepInfo& /*info*/, TrainBatch& /*batch*/) {}
void Ingredient::after_backward(const StepInfo& /*info*/, optim::Optimizer& /*optimizer*/) {}
void Ingredient::climb(const optim::Optimizer& /*optimizer*/) {}
void Ingredient::come_back() {}
void Ingredient::after_update(const StepInfo& /*info*/) {}
void Ingredient::exchange_weights() {}

}  // namespace imgcls::train
