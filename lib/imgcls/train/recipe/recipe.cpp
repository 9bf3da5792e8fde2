#include <imgcls/train/recipe/growing_dropout.h>
#include <imgcls/train/recipe/recipe.h>

#include <algorithm>
#include <utility>

namespace imgcls::train {
namespace {

at::Device device_of(const models::Model& model) {
  const auto parameters = model.parameters();
  return parameters.empty() ? at::Device(at::kCPU) : parameters.front().tensor.device();
}

}  // namespace

Recipe::Recipe(const RunOptions& options, const models::Model& model)
    : loss_(make_loss(options.loss, device_of(model))),
      label_smoothing_(options.label_smoothing),
      distillation_(options.distillation) {
  add(make_growing_dropout(options.progressive, model));
  add(make_eraser(options.erase));
  add(make_mixer(options.mix, options.progressive));
  add(make_distiller(options, device_of(model).str()));
  add(make_sam(options.sam, model));
  add(make_clipper(options.clip, model.head()));
  AverageOptions average = options.average;
  // They are computed anew, and where a run is stopped must not be seen in the average.
  if (options.eval.bn_images > 0) average.buffers = false;
  add(make_average(average, model));
}

void Recipe::add(std::unique_ptr<Ingredient> ingredient) {
  if (ingredient) ingredients_.push_back(std::move(ingredient));
}

void Recipe::begin_epoch(std::uint32_t epoch) {
  for (const auto& each : ingredients_) each->begin_epoch(epoch);
}

void Recipe::before_forward(const StepInfo& info, TrainBatch& batch) {
  for (const auto& each : ingredients_) each->before_forward(info, batch);
}

at::Tensor Recipe::loss(const at::Tensor& logits, const Targets& targets,
                        const std::optional<models::DistilledLogits>& apart) const {
  if (!targets.teacher.defined()) return loss_(logits, targets, label_smoothing_);
  const double weight = distillation_.weight;
  const at::Tensor by_labels =
      loss_(apart ? apart->by_labels.to(at::kFloat) : logits, targets, label_smoothing_);
  const at::Tensor by_teacher = distillation_loss(apart ? apart->by_teacher.to(at::kFloat) : logits,
                                                  targets.teacher, distillation_);
  return by_labels.mul(1 - weight).add(by_teacher, weight);
}

bool Recipe::changes_gradients() const {
  return std::ranges::any_of(ingredients_,
                             [](const auto& each) { return each->changes_gradients(); });
}

void Recipe::after_backward(const StepInfo& info, optim::Optimizer& optimizer) {
  for (const auto& each : ingredients_) each->after_backward(info, optimizer);
}

bool Recipe::climbs() const {
  return std::ranges::any_of(ingredients_, [](const auto& each) { return each->climbs(); });
}

void Recipe::climb(const optim::Optimizer& optimizer) {
  for (const auto& each : ingredients_) each->climb(optimizer);
}

void Recipe::come_back() {
  for (const auto& each : ingredients_) each->come_back();
}

void Recipe::after_update(const StepInfo& info) {
  for (const auto& each : ingredients_) each->after_update(info);
}

bool Recipe::has_weights() const {
  return std::ranges::any_of(ingredients_, [](const auto& each) { return each->has_weights(); });
}

void Recipe::exchange_weights() {
  for (const auto& each : ingredients_) each->exchange_weights();
}

std::vector<IngredientState> Recipe::state() const {
  std::vector<IngredientState> all;
  for (const auto& each : ingredients_) {
    auto tensors = each->state();
    if (!tensors.empty()) all.push_back({each->name(), std::move(tensors)});
    for (IngredientState& more : each->more_state()) all.push_back(std::move(more));
  }
  return all;
}

}  // namespace imgcls::train
