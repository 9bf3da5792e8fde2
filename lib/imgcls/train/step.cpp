#include <imgcls/core/error.h>
#include <imgcls/core/philox.h>
#include <imgcls/dist/step_ranges.h>
#include <imgcls/optim/norms.h>
#include <imgcls/train/precision.h>
#include <imgcls/train/recipe/averaged_point.h>
#include <imgcls/train/step.h>

#include <ATen/Context.h>
#include <ATen/core/grad_mode.h>
#include <fmt/format.h>

namespace imgcls::train {

TrainStep::TrainStep(dist::DataParallel& replicas, optim::Optimizer& optimizer,
                     const std::string& device, const RunOptions& options,
                     dist::ShardedGradients* shards)
    : replicas_(replicas),
      optimizer_(optimizer),
      device_(device),
      precision_(resolve(options.precision, device)),
      accumulate_(options.accumulate),
      recipe_(options, replicas.model()),
      shards_(shards) {
  recipe_.add(make_averaged_point(optimizer, replicas.model()));
  if (precision_ == Precision::fp16) scaler_ = std::make_unique<optim::GradScaler>(device);
}

at::Tensor TrainStep::operator()(const DeviceBatch& given, double lr, at::Tensor* gradient_norm,
                                 const StepInfo& info) {
  if (given.images.size(0) % accumulate_ != 0) {
    throw ConfigError(fmt::format("{} images cannot be cut into train.accumulate={} micro-batches",
                                  given.images.size(0), accumulate_));
  }
  const TrainBatch batch{.images = given.images,
                         .targets = {.labels = given.labels_of_images(),
                                     .sets = given.rows_of_images(),
                                     .views = given.views}};
  const at::Tensor loss = shards_ != nullptr ? by_shards(batch, info) : whole(batch, info);
  // The scale is taken off here only where someone looks; the update does it on its way.
  const bool unscaled = scaler_ && recipe_.changes_gradients();
  if (unscaled) scaler_->unscale(optimizer_);
  if (gradient_norm != nullptr) {
    const StepRange range(ranges::kNorm);
    const at::NoGradGuard no_grad;
    *gradient_norm = optim::total_norm(optimizer_.gradients());
    if (scaler_ && !unscaled) {
      *gradient_norm = gradient_norm->div(scaler_->scale_on_device().squeeze());
    }
  }
  recipe_.after_backward(info, optimizer_);
  update(lr);
  recipe_.after_update(info);
  return loss;
}

// A rank's images as one part.
at::Tensor TrainStep::whole(TrainBatch batch, const StepInfo& info) {
  recipe_.before_forward(info, batch);
  if (!recipe_.climbs()) return gradients(batch, dist::Gradients::average);
  const at::Tensor loss = gradients(batch, dist::Gradients::keep);
  recipe_.climb(optimizer_);
  optimizer_.zero_grad();
  gradients(batch, dist::Gradients::average);
  recipe_.come_back();
  return loss;
}

// Nothing that is computed for a shard may depend on which others this rank has: not the shapes of
// its tensors, and not where they lie against a vector unit's alignment, hence a copy.
at::Tensor TrainStep::by_shards(const TrainBatch& batch, const StepInfo& info) {
  const dist::Shards& mine = shards_->mine();
  const std::int64_t size = batch.images.size(0) / mine.count;
  for (int i = 0; i < mine.count; ++i) {
    StepInfo here = info;
    here.first = (mine.first + i) * size;
    seed_step(info.seed, info.step, mine.first + i);
    shards_->begin(mine.first + i);
    shard({batch.images.narrow(0, i * size, size).clone(), batch.targets.narrow(i * size, size)},
          here);
  }
  return shards_->finish();
}

void TrainStep::shard(TrainBatch batch, const StepInfo& info) {
  recipe_.before_forward(info, batch);
  if (!recipe_.climbs()) {
    shards_->collect();
    shards_->end(gradients(batch, dist::Gradients::keep));
    return;
  }
  const at::Tensor loss = gradients(batch, dist::Gradients::keep);
  recipe_.climb(optimizer_);
  optimizer_.zero_grad();
  shards_->collect();
  gradients(batch, dist::Gradients::keep);
  recipe_.come_back();
  shards_->end(loss);
}

// The loss; what becomes of the gradients, `last` says.
at::Tensor TrainStep::gradients(const TrainBatch& batch, dist::Gradients last) {
  const std::int64_t size = batch.images.size(0) / accumulate_;
  at::Tensor loss;
  for (std::int64_t i = 0; i < accumulate_; ++i) {
    const at::Tensor part =
        backward({batch.images.narrow(0, i * size, size), batch.targets.narrow(i * size, size)},
                 i == accumulate_ - 1 ? last : dist::Gradients::keep);
    loss = i == 0 ? part : loss.add_(part);
  }
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

// The micro-batch's part of the step's loss.
at::Tensor TrainStep::backward(const TrainBatch& micro_batch, dist::Gradients gradients) {
  at::Tensor loss, total;
  {
    const StepRange range(ranges::kForward);
    const Autocast autocast(device_, precision_);
    const at::Tensor logits = replicas_.forward(micro_batch.images, gradients).to(at::kFloat);
    loss = recipe_.loss(logits, micro_batch.targets, models::distilled_logits(replicas_.model()));
    total = loss;
    for (const auto& [auxiliary, weight] : replicas_.auxiliary()) {
      total = total.add(recipe_.loss(auxiliary.to(at::kFloat), micro_batch.targets), weight);
    }
  }
  const StepRange range(ranges::kBackward);
  if (accumulate_ > 1) total = total.div(static_cast<double>(accumulate_));
  (scaler_ ? scaler_->scale(total) : total).backward();
  return accumulate_ > 1 ? loss.detach().div(static_cast<double>(accumulate_)) : loss.detach();
}

void seed_step(std::uint64_t seed, std::int64_t step, int part) {
  Random random(seed, static_cast<std::uint32_t>(part), static_cast<std::uint64_t>(step),
                RandomStream::step);
  at::manual_seed(random.below(std::uint64_t{1} << 62));
}

}  // namespace imgcls::train
