#include <imgcls/core/machine.h>
#include <imgcls/log/wandb_run.h>
#include <imgcls/train/console_logger.h>
#include <imgcls/train/precision.h>
#include <imgcls/train/termination_signals.h>

#include <fmt/format.h>

#include <algorithm>

namespace imgcls::train {
namespace {

Log make_log(const dist::World& world) {
  return world.is_first() ? Log() : Log::quiet(fmt::format("rank {}: ", world.rank()));
}

/// "25.56 M parameters, 20,490 of them trained".
std::string parameters_text(const RunShape& shape) {
  constexpr std::int64_t kFew = 100'000;
  const auto text = [](std::int64_t count) {
    if (count >= kFew) return fmt::format("{:.2f} M", static_cast<double>(count) / 1e6);
    return count < 1000 ? fmt::format("{}", count)
                        : fmt::format("{},{:03}", count / 1000, count % 1000);
  };
  const std::string all = text(shape.parameters), trained = text(shape.trained);
  if (shape.trained == shape.parameters) return all + " parameters";
  if (trained != all) return fmt::format("{} parameters, {} of them trained", all, trained);
  return fmt::format("{} parameters, all but {} of them trained", all,
                     text(shape.parameters - shape.trained));
}

/// "top-1 76.07 % (38035 of 50000)", "mAP 86.43 % of 80 classes, 4952 images".
std::string reached_text(const EvalCounts& counts) {
  if (!counts.multi_label) {
    return fmt::format("top-1 {:.2f} % ({} of {})", counts.acc1(), counts.top1, counts.images);
  }
  const std::size_t classes = counts.multi_label->classes.size();
  return fmt::format("mAP {:.2f} % of {} classes, {} images", 100 * counts.multi_label->map(),
                     classes - counts.multi_label->classes_without_images(), counts.images);
}

}  // namespace

ConsoleLogger::ConsoleLogger(const dist::World& world) : log_(make_log(world)) {}

void ConsoleLogger::open(const RunFiles& files) {
  log_.add_file(files.log());
  progress_ = std::make_unique<report::Progress>(log_, report::find_terminal());
}

void ConsoleLogger::begin(const RunShape& shape, const dist::World& world,
                          const std::filesystem::path& folder, const Position& position,
                          const std::string& resumed_from) {
  shape_ = shape;
  log_.info(fmt::format("{} ({}) in {} on {} x {}, {} training and {} evaluation images",
                        shape.model, parameters_text(shape), name(shape.precision), world.size(),
                        world.device(), shape.train_images, shape.val_images));
  const std::string shards = shape.shards > 0 ? fmt::format(" in {} shards", shape.shards) : "";
  log_.info(fmt::format("{} epochs of {} steps of {} images{}; results go to {}", shape.epochs,
                        shape.steps_per_epoch, shape.batch, shards, folder.string()));
  if (world.is_first() && world.device() == "cpu") warn_of_slow_precision(shape.precision);
  if (world.is_first() && world.device() != "cpu") warn_of_few_cores(world.cores());
  if (resumed_from.empty()) return;
  log_.info(fmt::format("resuming from {}: step {} of {}, epoch {}, {} images into it",
                        resumed_from, position.step, shape.last_step, position.epoch + 1,
                        position.consumed));
}

void ConsoleLogger::warn_of_slow_precision(Precision precision) const {
  if (precision == Precision::fp16) {
    log_.warn("fp16 is for GPUs and very slow on this CPU; train.precision=fp32 is faster");
  } else if (precision == Precision::bf16 && !cpu_has_bf16()) {
    log_.warn(
        "this CPU multiplies no bfloat16, so bf16 is many times slower than "
        "train.precision=fp32");
  }
}

/// A bare mpirun binds each rank to one core, and one core decodes about 1,000 images a second.
void ConsoleLogger::warn_of_few_cores(int cores) const {
  constexpr int kEnough = 5;
  if (cores >= kEnough) return;
  log_.warn(fmt::format(
      "a rank has {} core{} to decode images for its GPU; {} keep a fast one busy. `imgcls launch` "
      "gives ranks all there are (mpirun by itself: --bind-to none).",
      cores, cores == 1 ? "" : "s", kEnough));
}

void ConsoleLogger::begin_phase(std::size_t consumed) {
  phase_start_ = std::chrono::steady_clock::now();
  phase_consumed_ = consumed;
}

double ConsoleLogger::phase_seconds() const {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - phase_start_).count();
}

bool ConsoleLogger::wants_step() const {
  return progress_ && progress_->due();
}

void ConsoleLogger::step(const StepStatus& status, bool write) {
  if (!progress_) return;
  const std::size_t consumed = status.position.consumed;
  const std::string phase = fmt::format("epoch {}/{}", status.position.epoch + 1, shape_.epochs);
  const report::PhaseStatus line{.done = static_cast<std::int64_t>(consumed / shape_.batch),
                                 .total = static_cast<std::int64_t>(shape_.steps_per_epoch),
                                 .images = static_cast<std::int64_t>(consumed - phase_consumed_),
                                 .seconds = phase_seconds(),
                                 .phase_eta_s = status.epoch_eta_s,
                                 .run_eta_s = status.run_eta_s,
                                 .loss = status.loss,
                                 .lr = status.lr,
                                 .data_wait = status.data_wait,
                                 .memory_mib = resident_mib()};
  if (progress_->due()) progress_->draw(phase, line);
  if (write) progress_->line(phase, line);
}

void ConsoleLogger::batches(std::string_view what, std::size_t done, std::size_t total,
                            std::size_t images, const Position& position) {
  if (!wants_step()) return;
  progress_->draw(fmt::format("{} {}/{}", what, position.epoch + 1, shape_.epochs),
                  {.done = static_cast<std::int64_t>(done),
                   .total = static_cast<std::int64_t>(total),
                   .images = static_cast<std::int64_t>(images),
                   .seconds = phase_seconds()});
}

void ConsoleLogger::epoch(const report::TrainLogRow& row) {
  clear();
  constexpr int kScreen = 20;
  if (rows_++ % kScreen == 0) {
    const char* const first = shape_.multi_label ? "mAP" : "top-1";
    const char* const second = shape_.multi_label ? "micro F1" : "top-5";
    log_.info(fmt::format("{:<14}{:>9}{:>12}{:>10}{:>11}{:>11}{:>10}", "", "step", "train loss",
                          "val loss", first, second, "time"));
  }
  // An epoch that is under way when the run ends by max_steps counts as the one it is.
  const auto steps = static_cast<std::int64_t>(shape_.steps_per_epoch);
  const int epoch_number = row.epoch + (row.step % steps == 0 ? 0 : 1);
  log_.info(fmt::format(
      "{:<14}{:>9}{:>12.4f}{:>10.4f}{:>9.2f} %{:>9.2f} %{:>10}",
      fmt::format("epoch {}/{}", epoch_number, shape_.epochs), row.step, row.train_loss,
      row.val_loss, shape_.multi_label ? row.val_map : row.val_acc1,
      shape_.multi_label ? row.val_micro_f1 : row.val_acc5, report::clock_text(row.time_s)));
}

void ConsoleLogger::clear() {
  if (progress_) progress_->clear();
}

void ConsoleLogger::changed(const std::string& change) {
  log_.info("changed since the run began: " + change);
}

void ConsoleLogger::lowers_rate(double lr) {
  clear();
  log_.info(fmt::format("schedule.name=plateau: the learning rate is {:.4g} from now on", lr));
}

void ConsoleLogger::unfrozen(const RunShape& shape, const Position& position) {
  clear();
  log_.info(fmt::format("epoch {}: what was frozen is trained from here on ({})",
                        position.epoch + 1, parameters_text(shape)));
}

void ConsoleLogger::ends_early(const std::string& why) {
  clear();
  log_.info(why + "; the run ends here");
}

void ConsoleLogger::saved_before_failing(const std::filesystem::path& checkpoint) {
  clear();
  log_.info(fmt::format(
      "an error ends the run; all that was trained is in {}. The same command resumes from it.",
      checkpoint.string()));
}

void ConsoleLogger::not_saved(const std::string& why, bool any_checkpoint) {
  clear();
  log_.info(fmt::format("an error ends the run, and nothing was saved{}: {}",
                        any_checkpoint ? " since the last checkpoint" : "", why));
}

void ConsoleLogger::warn(const std::string& message) {
  clear();
  log_.warn(message);
}

void ConsoleLogger::profile(const StepTimes& times, const std::filesystem::path& trace) {
  clear();
  log_.info(
      fmt::format("profile of {} steps, for chrome://tracing: {}", times.steps, trace.string()));
  for (const std::string& line : table(times)) log_.info("  " + line);
}

void ConsoleLogger::skipped(const data::Loader& loader) const {
  if (loader.skipped() == 0) return;
  log_.warn(
      fmt::format("{} images could not be read and were skipped, among them:", loader.skipped()));
  for (const std::string& message : loader.skipped_messages()) log_.warn("  " + message);
}

void ConsoleLogger::end(const TrainResult& result, const RunFiles& files) {
  clear();
  if (result.stopped_by != 0) {
    log_.info(fmt::format("stopped by {} after step {}; saved {}. The same command resumes.",
                          signal_name(result.stopped_by), result.position.step,
                          result.checkpoint.string()));
    return;
  }
  const std::string reached =
      result.eval ? reached_text(*result.eval) : "nothing left to do, the run had ended already";
  log_.info(fmt::format("done: {}; {} steps, {}", reached, result.position.step,
                        report::clock_text(result.position.elapsed_s)));
  log_.info(fmt::format("  log      {}", files.train_log().string()));
  log_.info(shape_.multi_label
                ? fmt::format("  classes  {}", (files.evaluation() / "per_class.csv").string())
                : fmt::format("  mistakes {}", (files.evaluation() / "mistakes.csv").string()));
  log_.info(fmt::format("  weights  {}", weights_to_use(result.checkpoint).string()));
  if (!result.best.empty()) {
    const Best& best = result.position.best;
    log_.info(fmt::format("  best     {} ({} after step {})", result.best.string(),
                          figure_text(best.value, best.metric), best.step));
  }
  log_.info(fmt::format("  next     imgcls report {}", files.folder.string()));
  if (!result.eval) log_.info("  longer   train.epochs=N checkpoint.resume=changed");
  if (!report::wandb_folders(files.folder).empty()) {
    log_.info(fmt::format("           imgcls wandb sync {}", files.folder.string()));
  }
}

}  // namespace imgcls::train
