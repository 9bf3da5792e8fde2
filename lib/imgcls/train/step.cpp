#include <imgcls/core/philox.h>
#include <imgcls/train/precision.h>
#include <imgcls/train/step.h>

#include <ATen/Context.h>
#include <ATen/core/Reduction.h>
#include <ATen/ops/cross_entropy_loss.h>

namespace imgcls::train {

TrainStep::TrainStep(dist::DataParallel& replicas, optim::Optimizer& optimizer,
                     const std::string& device, const RunOptions& options)
    : replicas_(replicas),
      optimizer_(optimizer),
      device_(device),
      precision_(resolve(options.precision, device)),
      label_smoothing_(options.label_smoothing) {
  if (precision_ == Precision::fp16) scaler_ = std::make_unique<optim::GradScaler>(device);
}

at::Tensor TrainStep::operator()(const DeviceBatch& batch, double lr) {
  at::Tensor loss;
  {
    const Autocast autocast(device_, precision_);
    const at::Tensor logits = replicas_.forward(batch.images).to(at::kFloat);
    loss = at::cross_entropy_loss(logits, batch.labels, /*weight=*/{}, at::Reduction::Mean,
                                  /*ignore_index=*/-100, label_smoothing_);
  }
  if (scaler_) {
    scaler_->scale(loss).backward();
    scaler_->step(optimizer_, lr);
  } else {
    loss.backward();
    optimizer_.step(lr);
  }
  optimizer_.zero_grad();
  return loss.detach();
}

void seed_step(std::uint64_t seed, std::int64_t step, int rank) {
  Random random(seed, static_cast<std::uint32_t>(rank), static_cast<std::uint64_t>(step),
                RandomStream::step);
  at::manual_seed(random.below(std::uint64_t{1} << 62));
}

}  // namespace imgcls::train
