#include <imgcls/core/error.h>
#include <imgcls/core/machine.h>
#include <imgcls/dist/agree.h>
#include <imgcls/train/device_event.h>
#include <imgcls/train/precision.h>
#include <imgcls/train/session.h>

#include <algorithm>
#include <array>
#include <utility>

namespace imgcls::train {

RunShape Trainer::Session::shape() const {
  return {.model = replica_->model().name(),
          .parameters = replica_->model().value_count(),
          .trained = replica_->model().parameter_count(),
          .train_images = train_source_->size(),
          .val_images = val_source_->size(),
          .steps_per_epoch = batches_,
          .batch = options_.batch,
          .last_step = last_step_,
          .epochs = options_.epochs,
          .precision = resolve(options_.precision, world_.device()),
          .shards = options_.shards,
          .multi_label = options_.data.multi_label};
}

/// After each step: the progress line, and where it is logged its row of steps.csv, or its
/// callback. On a GPU the row is written when the next step has been handed over, so that the GPU
/// has work while the row's figures are waited for. All ranks call it.
void Trainer::Session::report_step() {
  finish_row();
  look_at_cores();
  if (console_.wants_step()) console_.step(status(readings_.recent_mean(loss_)), false);
  if (!is_logged(position_.step) && !watches_steps_) return;
  begin_row();
  if (world_.device() == "cpu") finish_row();
}

/// Warns once where others have this rank's cores, over half a minute of steps.
void Trainer::Session::look_at_cores() {
  constexpr double kWindow = 30;
  if (warned_of_crowding_ || !cores_since_) return;
  const std::chrono::duration<double> clock = Clock::now().time_since_epoch();
  if (clock.count() - cores_since_->clock < kWindow) return;
  const std::optional<CoreTimes> now = core_times();
  if (!now) return;
  const std::string warning = crowding(*cores_since_, *now, world_.cores());
  cores_since_ = now;
  if (warning.empty()) return;
  warned_of_crowding_ = true;
  console_.warn(warning);
}

void Trainer::Session::begin_row() {
  row_ = Row{.figures = {.step = position_.step,
                         .epoch = position_.epoch + 1,
                         .time_s = elapsed(),
                         .lr = replica_->learning_rate(scheduled() - 1)},
             .status = status(/*loss=*/0),
             .is_logged = is_logged(position_.step),
             .images_per_second = meter_.last().images_per_second()};
  readings_.begin(loss_, step_loss_, row_->is_logged ? gradient_norm_ : at::Tensor(),
                  replica_->scaler());
  if (!row_->is_logged) return;
  const StepFigures mine = meter_.take();
  row_->figures.images_per_second = mine.images_per_second();
  row_->figures.data_wait = mine.data_wait();
  row_->figures.memory_mib = resident_mib();
}

/// Writes the row that was begun, if one was, and tells of its step. All ranks call it.
void Trainer::Session::finish_row() {
  if (!row_) return;
  auto [row, now, logged, rate] = *std::exchange(row_, std::nullopt);
  const StepReading read = readings_.take();
  now.loss = read.epoch.mean();
  if (logged) console_.step(now, true);
  // Ranks have equal shares of the batch, so the mean of their losses is that of the images. By
  // shards each has that already.
  std::array<double, 4> sums{read.epoch.sum, read.loss, row.data_wait, row.memory_mib};
  world_.sum(sums);
  throw_if_diverged(sums[0], row.step, saver_.has_any());
  row.loss = options_.shards > 0 ? read.loss : sums[1] / world_.size();
  row.grad_norm = read.grad_norm;
  row.loss_scale = read.loss_scale;
  row.data_wait = sums[2] / world_.size();
  row.memory_mib = sums[3];
  if (logged && logs_) logs_->step(row);
  if (!watches_steps_) return;
  call(options_.callbacks.step,
       {.position = now.position, .loss = row.loss, .lr = row.lr, .images_per_second = rate});
}

/// Writes the trace of each rank, and says where the steps' time went. All ranks call it.
void Trainer::Session::end_profile() {
  if (!profiler_.is_running()) return;
  wait_for_device(world_.device());
  StepTimes times;
  std::string failure;  // of this rank's trace: no reason to end a run
  dist::agree(world_, [&] {
    try {
      times = profiler_.stop(files_.trace(world_.rank()));
    } catch (const IoError& e) {
      failure = e.what();
    }
  });
  if (!failure.empty()) console_.warn(failure);
  console_.profile(mean(times, world_), files_.trace(0));
}

void Trainer::Session::report_evaluation(const EvalCounts& counts, const EvalDetails& details,
                                         int epoch, double train_loss) {
  report::TrainLogRow row{.epoch = epoch,
                          .step = position_.step,
                          .train_loss = train_loss,
                          .val_loss = counts.loss(),
                          .val_acc1 = counts.acc1(),
                          .val_acc5 = counts.acc5(),
                          .time_s = elapsed(),
                          .checkpoint_dir = saver_.has_step(position_.step)
                                                ? saver_.path(position_.step).string()
                                                : ""};
  if (counts.multi_label) {
    row.val_map = 100 * counts.multi_label->map();
    row.val_micro_f1 = 100 * counts.multi_label->micro_f1();
    row.val_macro_f1 = 100 * counts.multi_label->macro_f1();
  }
  console_.epoch(row);
  dist::agree(world_, [&] {
    if (logs_) logs_->evaluation(row, counts, details, *val_source_, replica_->model());
  });
}

StepStatus Trainer::Session::status(double loss) const {
  const auto steps = static_cast<double>(std::max<std::int64_t>(1, timed_steps_));
  const double per_step = (timed_s_ + console_.phase_seconds()) / steps;
  const auto left = static_cast<double>(last_step_ - position_.step);
  const std::size_t epoch_left = batches_ - position_.consumed / options_.batch;
  const double evals = 1 + left / static_cast<double>(batches_) / options_.eval.every_epochs;
  return {.position = position_,
          .loss = loss,
          .lr = replica_->learning_rate(scheduled() - 1),
          .epoch_eta_s = per_step * static_cast<double>(epoch_left),
          .run_eta_s = per_step * left + evaluator_->seconds() * evals,
          .data_wait = meter_.figures().data_wait()};
}

}  // namespace imgcls::train
