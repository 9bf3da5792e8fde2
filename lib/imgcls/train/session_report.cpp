#include <imgcls/core/machine.h>
#include <imgcls/dist/agree.h>
#include <imgcls/train/precision.h>
#include <imgcls/train/session.h>

#include <algorithm>
#include <array>

namespace imgcls::train {

RunShape Trainer::Session::shape() const {
  return {.model = replica_->model().name(),
          .parameters = replica_->model().parameter_count(),
          .train_images = train_source_->size(),
          .val_images = val_source_->size(),
          .steps_per_epoch = batches_,
          .batch = options_.batch,
          .last_step = last_step_,
          .epochs = options_.epochs,
          .precision = resolve(options_.precision, world_.device())};
}

/// The row of steps.csv for the step just done. All ranks call it.
void Trainer::Session::report_step() {
  const StepFigures mine = meter_.take();
  // Ranks have equal shares of the batch, so the mean of their losses is that of the images.
  std::array<double, 4> sums{loss_.sum(), step_loss_.item<double>(), mine.data_wait(),
                             resident_mib()};
  world_.sum(sums);
  throw_if_diverged(sums[0], position_.step);
  if (!logs_) return;
  logs_->step(
      {.step = position_.step,
       .epoch = position_.epoch + 1,
       .time_s = elapsed(),
       .loss = sums[1] / world_.size(),
       .lr = replica_->learning_rate(position_.step - 1),
       .grad_norm = gradient_norm_.item<double>(),
       .loss_scale = replica_->scaler() != nullptr ? replica_->scaler()->current_scale() : 1,
       .images_per_second = mine.images_per_second(),
       .data_wait = sums[2] / world_.size(),
       .memory_mib = sums[3]});
}

/// Writes the trace of each rank, and says where the steps' time went. All ranks call it.
void Trainer::Session::end_profile() {
  if (!profiler_.is_running()) return;
  StepTimes times;
  dist::agree(world_, [&] { times = profiler_.stop(files_.trace(world_.rank())); });
  narrator_.profile(mean(times, world_), files_.trace(0));
}

void Trainer::Session::report_evaluation(const EvalCounts& counts, const EvalDetails& details,
                                         int epoch, double train_loss, bool saving) {
  const report::TrainLogRow row{
      .epoch = epoch,
      .step = position_.step,
      .train_loss = train_loss,
      .val_loss = counts.loss(),
      .val_acc1 = counts.acc1(),
      .val_acc5 = counts.acc5(),
      .time_s = elapsed(),
      .checkpoint_dir = saving ? checkpoints_.path(position_.step).string() : ""};
  narrator_.epoch(row);
  dist::agree(world_, [&] {
    if (logs_) logs_->evaluation(row, counts, details, *val_source_, replica_->model());
  });
}

StepStatus Trainer::Session::status() const {
  const auto steps = static_cast<double>(std::max<std::int64_t>(1, timed_steps_));
  const double per_step = (timed_s_ + narrator_.phase_seconds()) / steps;
  const auto left = static_cast<double>(last_step_ - position_.step);
  const std::size_t epoch_left = batches_ - position_.consumed / options_.batch;
  const double evals = 1 + left / static_cast<double>(batches_) / options_.eval.every_epochs;
  return {.position = position_,
          .loss = loss_.mean(),
          .lr = replica_->learning_rate(position_.step - 1),
          .epoch_eta_s = per_step * static_cast<double>(epoch_left),
          .run_eta_s = per_step * left + eval_s_ * evals,
          .data_wait = meter_.figures().data_wait()};
}

}  // namespace imgcls::train
