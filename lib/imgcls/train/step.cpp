#include <imgcls/core/error.h>
#include <imgcls/core/philox.h>
#include <imgcls/dist/step_ranges.h>
#include <imgcls/train/precision.h>
#include <imgcls/train/step.h>

#include <ATen/Context.h>
#include <ATen/core/Reduction.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/_foreach_norm.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/linalg_vector_norm.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/zeros.h>
#include <fmt/format.h>

namespace imgcls::train {

TrainStep::TrainStep(dist::DataParallel& replicas, optim::Optimizer& optimizer,
                     const std::string& device, const RunOptions& options)
    : replicas_(replicas),
      optimizer_(optimizer),
      device_(device),
      precision_(resolve(options.precision, device)),
      label_smoothing_(options.label_smoothing),
      accumulate_(options.accumulate) {
  if (precision_ == Precision::fp16) scaler_ = std::make_unique<optim::GradScaler>(device);
}

at::Tensor TrainStep::operator()(const DeviceBatch& batch, double lr, at::Tensor* gradient_norm) {
  if (batch.images.size(0) % accumulate_ != 0) {
    throw ConfigError(fmt::format("{} images cannot be cut into train.accumulate={} micro-batches",
                                  batch.images.size(0), accumulate_));
  }
  const std::int64_t size = batch.images.size(0) / accumulate_;
  at::Tensor loss;
  for (std::int64_t i = 0; i < accumulate_; ++i) {
    const bool last = i == accumulate_ - 1;
    const at::Tensor part =
        backward({batch.images.narrow(0, i * size, size), batch.labels.narrow(0, i * size, size)},
                 last ? dist::Gradients::average : dist::Gradients::keep);
    loss = i == 0 ? part : loss.add_(part);
  }
  if (gradient_norm != nullptr) {
    const StepRange range(ranges::kNorm);
    *gradient_norm = norm_of_gradients();
  }
  update(lr);
  return loss;
}

at::ScalarType TrainStep::input_type() const {
  return at::Device(device_).is_cpu() ? at::kFloat : scalar_type(precision_);
}

void TrainStep::update(double lr) {
  const StepRange range(ranges::kOptimizer);
  if (scaler_) {
    scaler_->step(optimizer_, lr);
  } else {
    optimizer_.step(lr);
  }
  optimizer_.zero_grad();
}

at::Tensor TrainStep::norm_of_gradients() const {
  const at::NoGradGuard no_grad;
  std::vector<at::Tensor> gradients;
  for (const optim::ParameterGroup& group : optimizer_.groups()) {
    for (const models::NamedTensor& parameter : group.parameters) {
      if (parameter.tensor.grad().defined()) gradients.push_back(parameter.tensor.grad());
    }
  }
  if (gradients.empty()) return at::zeros({});
  const at::Tensor norm = at::linalg_vector_norm(at::stack(at::_foreach_norm(gradients)));
  return scaler_ ? norm.div(scaler_->scale_on_device().squeeze()) : norm;
}

at::Tensor TrainStep::cross_entropy(const at::Tensor& logits, const at::Tensor& labels) const {
  return at::cross_entropy_loss(logits, labels, /*weight=*/{}, at::Reduction::Mean,
                                /*ignore_index=*/-100, label_smoothing_);
}

// The micro-batch's part of the step's loss.
at::Tensor TrainStep::backward(const DeviceBatch& micro_batch, dist::Gradients gradients) {
  at::Tensor loss, total;
  {
    const StepRange range(ranges::kForward);
    const Autocast autocast(device_, precision_);
    const at::Tensor logits = replicas_.forward(micro_batch.images, gradients).to(at::kFloat);
    loss = cross_entropy(logits, micro_batch.labels);
    total = loss;
    for (const auto& [auxiliary, weight] : replicas_.auxiliary()) {
      total = total.add(cross_entropy(auxiliary.to(at::kFloat), micro_batch.labels), weight);
    }
  }
  const StepRange range(ranges::kBackward);
  if (accumulate_ > 1) total = total.div(static_cast<double>(accumulate_));
  (scaler_ ? scaler_->scale(total) : total).backward();
  return accumulate_ > 1 ? loss.detach().div(static_cast<double>(accumulate_)) : loss.detach();
}

void seed_step(std::uint64_t seed, std::int64_t step, int rank) {
  Random random(seed, static_cast<std::uint32_t>(rank), static_cast<std::uint64_t>(step),
                RandomStream::step);
  at::manual_seed(random.below(std::uint64_t{1} << 62));
}

}  // namespace imgcls::train
