#include <imgcls/core/error.h>
#include <imgcls/core/file.h>
#include <imgcls/core/machine.h>
#include <imgcls/dist/agree.h>
#include <imgcls/dist/step_ranges.h>
#include <imgcls/train/environment.h>
#include <imgcls/train/narrator.h>
#include <imgcls/train/precision.h>
#include <imgcls/train/rank_fields.h>
#include <imgcls/train/replica.h>
#include <imgcls/train/run_folder.h>
#include <imgcls/train/run_logs.h>
#include <imgcls/train/step_meter.h>
#include <imgcls/train/step_profile.h>
#include <imgcls/train/stop.h>
#include <imgcls/train/trainer.h>
#include <imgcls/train/wait_for_data.h>

#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/zeros.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>

namespace imgcls::train {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

}  // namespace

/// Everything a run holds, and its loop.
class Trainer::Session {
 public:
  Session(models::Model model, std::shared_ptr<const data::Source> train,
          std::shared_ptr<const data::Source> val, RunOptions options, dist::World& world,
          std::string config);

  TrainResult run();

 private:
  void check_sources();
  void open_folder();
  void start_or_resume();
  void train_epoch();
  const data::Batch* next_batch();
  void one_step(const data::Batch& batch);
  void report_step();
  void end_profile();
  void end_epoch();
  void report_evaluation(const EvalCounts& counts, const EvalDetails& details, int epoch,
                         bool saving);
  EvalCounts evaluate_now(EvalDetails& details);
  void save();
  void throw_if_diverged(double loss_sum);
  RunShape shape() const;
  StepStatus status() const;
  std::array<double, 2> global_loss();

  bool epoch_is_complete() const { return position_.consumed == batches_ * options_.batch; }
  bool is_finished() const { return position_.step >= last_step_; }
  double elapsed() const { return position_.elapsed_s + seconds_since(session_start_); }
  Training training() { return {replica_->model(), replica_->optimizer(), replica_->scaler()}; }

  RunOptions options_;
  dist::World& world_;
  Narrator narrator_;
  std::shared_ptr<const data::Source> train_source_, val_source_;
  RunIdentity identity_;
  RunFiles files_;
  Checkpoints checkpoints_;
  std::unique_ptr<RunFolder> folder_;  // rank 0
  std::unique_ptr<RunLogs> logs_;      // rank 0
  std::unique_ptr<Replica> replica_;
  std::unique_ptr<data::Loader> val_loader_;
  StepProfiler profiler_;
  StopSignals signals_;

  std::size_t batches_ = 0;     // global batches of an epoch
  std::int64_t last_step_ = 0;  // of the run
  Position position_;           // loss_sum and elapsed_s: as of the start of this session
  at::Tensor loss_sum_;         // this rank's, of the epoch so far, in double
  std::int64_t images_ = 0;     // this rank's, of the epoch so far
  StepMeter meter_;
  at::Tensor step_loss_, gradient_norm_;  // of the last step that is logged
  int stop_signal_ = 0;
  std::optional<EvalCounts> last_eval_;
  std::optional<Position> saved_;  // the newest checkpoint's

  // For estimates, of this session.
  Clock::time_point session_start_ = Clock::now();
  std::int64_t timed_steps_ = 0;
  double timed_s_ = 0, eval_s_ = 0;
};

Trainer::Session::Session(models::Model model, std::shared_ptr<const data::Source> train,
                          std::shared_ptr<const data::Source> val, RunOptions options,
                          dist::World& world, std::string config)
    : options_(std::move(options)),
      world_(world),
      narrator_(world),
      train_source_(std::move(train)),
      val_source_(std::move(val)),
      identity_{.config = std::move(config), .data_fingerprint = train_source_->fingerprint()},
      files_{options_.folder},
      checkpoints_(files_.checkpoints(), options_.checkpoint.keep),
      profiler_(StepProfiler::Detail::everything, world.device() != "cpu") {
  check_sources();
  if (options_.data.threads == 0) options_.data.threads = world_.cores();
  replica_ = std::make_unique<Replica>(std::move(model), train_source_, options_, world_);
  dist::agree(world_, [&] {
    val_loader_ = std::make_unique<data::Loader>(
        val_source_, eval_loader_options(options_, world_.rank(), world_.size()));
    open_folder();
  });
  batches_ = replica_->steps_per_epoch();
  last_step_ = static_cast<std::int64_t>(batches_) * options_.epochs;
  if (options_.max_steps > 0) last_step_ = std::min(last_step_, options_.max_steps);
  loss_sum_ =
      at::zeros({}, at::TensorOptions().dtype(at::kDouble).device(at::Device(world.device())));
}

void Trainer::Session::check_sources() {
  std::vector<dist::Field> fields = data_fields("training", *train_source_);
  for (auto& field : data_fields("evaluation", *val_source_)) fields.push_back(std::move(field));
  dist::require_equal(world_, fields, "Give all ranks the same data.");
  if (train_source_->classes() == val_source_->classes()) return;
  throw dist::AgreedError(fmt::format(
      "the training data has {} classes and the evaluation data {}, or their names differ; both "
      "must have the same class folders",
      train_source_->classes().size(), val_source_->classes().size()));
}

void Trainer::Session::open_folder() {
  if (!world_.is_first()) return;
  folder_ = std::make_unique<RunFolder>(options_.folder);
  narrator_.open(files_);
}

void Trainer::Session::start_or_resume() {
  std::string found;
  dist::agree(world_, [&] {
    if (!world_.is_first()) return;
    if (const auto newest = checkpoints_.newest_good(narrator_.log())) found = newest->string();
    if (!found.empty() && !options_.checkpoint.resume) {
      throw ConfigError(fmt::format(
          "{} holds the checkpoints of an earlier run: choose another run.dir, or go on with "
          "checkpoint.resume=auto",
          options_.folder.string()));
    }
  });
  found = world_.broadcast(found);
  dist::agree(world_, [&] {
    if (!found.empty()) {
      position_ = load_checkpoint(found, training(), identity_);
      saved_ = position_;
    }
    if (!world_.is_first()) return;
    // A run that was stopped before or in an epoch's evaluation makes it again.
    const std::int64_t evaluated = position_.step - (epoch_is_complete() ? 1 : 0);
    logs_ =
        std::make_unique<RunLogs>(files_, options_, position_.step, evaluated, identity_.config);
    record_session(files_.environment(), world_, position_.step, at::get_num_threads());
    if (!identity_.config.empty()) replace_file(files_.config(), identity_.config);
    replace_file(files_.classes(), fmt::format("{}\n", fmt::join(train_source_->classes(), "\n")));
  });
  if (world_.is_first()) {
    loss_sum_.fill_(position_.loss_sum);
    images_ = position_.images;
  }
  narrator_.begin(shape(), world_, options_.folder, position_, found);
}

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

TrainResult Trainer::Session::run() {
  start_or_resume();
  session_start_ = Clock::now();
  while (stop_signal_ == 0 && (!is_finished() || epoch_is_complete())) {
    train_epoch();
    if (stop_signal_ == 0) end_epoch();
  }
  end_profile();
  save();
  TrainResult result{.position = position_,
                     .eval = last_eval_,
                     .stopped_by = stop_signal_,
                     .checkpoint = checkpoints_.path(position_.step)};
  result.position.elapsed_s = elapsed();
  narrator_.skipped(replica_->loader());
  narrator_.skipped(*val_loader_);
  narrator_.end(result, files_);
  dist::agree(world_, [&] {
    if (logs_) logs_->end(stop_signal_ == 0, elapsed());
  });
  world_.barrier();  // nobody leaves before the checkpoint is on the disk
  return result;
}

void Trainer::Session::train_epoch() {
  narrator_.begin_phase(position_.consumed);
  replica_->loader().start(position_.epoch, position_.consumed);
  meter_.resume();
  while (!is_finished() && !epoch_is_complete()) {
    if (position_.step + 1 == options_.profile.first) profiler_.start();
    {
      const StepRange range(ranges::kStep);
      const data::Batch* batch = next_batch();
      if (batch == nullptr) break;
      one_step(*batch);
    }
    if (position_.step == options_.profile.last) end_profile();
    const bool write = position_.step % options_.log_every == 0;
    if (write || narrator_.wants_step()) narrator_.step(status(), write);
    if (write) report_step();
    const int every = options_.checkpoint.every_steps;
    if (every > 0 && position_.step % every == 0 && !epoch_is_complete()) {
      save();
      meter_.resume();
    }
  }
  timed_s_ += narrator_.phase_seconds();
}

/// The batch of the next step; null where the run is to stop.
const data::Batch* Trainer::Session::next_batch() {
  const data::Batch* batch = nullptr;
  {
    const StepRange range(ranges::kDataWait);
    data::Loader& loader = replica_->loader();
    stop_signal_ = wait_for_data(loader, world_, [this] { return signals_.received(); });
    if (stop_signal_ != 0) return nullptr;
    batch = loader.next();
  }
  meter_.has_data();
  if (logs_ && timed_steps_ == 0) logs_->first_batch(*batch, position_.step + 1);
  return batch;
}

void Trainer::Session::one_step(const data::Batch& batch) {
  const at::NoGradGuard no_grad;
  const bool logged = (position_.step + 1) % options_.log_every == 0;
  const at::Tensor loss = replica_->step(batch, position_.step, logged ? &gradient_norm_ : nullptr);
  meter_.has_stepped(static_cast<std::int64_t>(options_.batch));
  if (logged) step_loss_ = loss;
  loss_sum_.add_(loss.to(at::kDouble), static_cast<double>(batch.size));
  images_ += static_cast<std::int64_t>(batch.size);
  position_.consumed += options_.batch;
  ++position_.step;
  ++timed_steps_;
  if (options_.log_samples) {
    const auto shares = world_.gather(fmt::format("{}", fmt::join(batch.samples, " ")));
    if (logs_) logs_->samples(position_, shares);
  }
}

/// The row of steps.csv for the step just done. All ranks call it.
void Trainer::Session::report_step() {
  const StepFigures mine = meter_.take();
  // Ranks have equal shares of the batch, so the mean of their losses is that of the images.
  std::array<double, 4> sums{loss_sum_.item<double>(), step_loss_.item<double>(), mine.data_wait(),
                             resident_mib()};
  world_.sum(sums);
  throw_if_diverged(sums[0]);
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

/// Sum of the losses of the epoch so far, and the number of images in it, over all ranks.
std::array<double, 2> Trainer::Session::global_loss() {
  std::array<double, 2> totals{loss_sum_.item<double>(), static_cast<double>(images_)};
  world_.sum(totals);
  return totals;
}

void Trainer::Session::end_epoch() {
  throw_if_diverged(global_loss()[0]);
  const bool complete = epoch_is_complete();
  const int epoch = static_cast<int>(position_.epoch) + (complete ? 1 : 0);
  const int every = options_.checkpoint.every_epochs;
  const bool saving = is_finished() || (complete && every > 0 && epoch % every == 0);
  if (is_finished() || epoch % options_.eval.every_epochs == 0) {
    EvalDetails details(val_source_->classes().size());
    const EvalCounts counts = evaluate_now(details);
    if (counts.images < 0) return;  // stopped: evaluated again when the run goes on
    last_eval_ = counts;
    report_evaluation(counts, details, epoch, saving);
  }
  if (complete) {
    ++position_.epoch;
    position_.consumed = 0;
    loss_sum_.zero_();
    images_ = 0;
  }
  if (saving) save();
}

void Trainer::Session::report_evaluation(const EvalCounts& counts, const EvalDetails& details,
                                         int epoch, bool saving) {
  const auto [loss, images] = global_loss();
  const report::TrainLogRow row{
      .epoch = epoch,
      .step = position_.step,
      .train_loss = loss / std::max(1.0, images),
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

EvalCounts Trainer::Session::evaluate_now(EvalDetails& details) {
  narrator_.begin_phase();
  replica_->sync_buffers();
  const std::size_t total = val_loader_->batches_per_epoch();
  const auto go_on = [&](std::size_t done) {
    const std::size_t images = std::min(val_source_->size(), done * options_.eval.batch);
    narrator_.eval_batches(done, total, images, position_);
    return signals_.received() == 0;
  };
  const EvalCounts counts = evaluate(replica_->model(), *val_loader_, replica_->input(), world_,
                                     options_.eval.flip, go_on, &details);
  if (counts.images < 0) stop_signal_ = static_cast<int>(world_.max(signals_.received()));
  eval_s_ = narrator_.phase_seconds();
  return counts;
}

void Trainer::Session::throw_if_diverged(double loss_sum) {
  if (std::isfinite(loss_sum)) return;
  throw dist::AgreedError(fmt::format(
      "the training loss is no longer a finite number at step {}. The newest checkpoint is from "
      "before; try a lower optimizer.lr or a longer schedule.warmup_epochs.",
      position_.step));
}

void Trainer::Session::save() {
  if (saved_ && saved_->step == position_.step && saved_->epoch == position_.epoch) return;
  const auto [loss, images] = global_loss();
  throw_if_diverged(loss);
  Position now = position_;
  now.elapsed_s = elapsed();
  now.loss_sum = loss;
  now.images = static_cast<std::int64_t>(images);
  narrator_.clear();
  dist::agree(world_, [&] {
    if (world_.is_first()) {
      checkpoints_.save(training(), now, identity_);
    }
  });
  saved_ = now;
}

StepStatus Trainer::Session::status() const {
  const auto steps = static_cast<double>(std::max<std::int64_t>(1, timed_steps_));
  const double per_step = (timed_s_ + narrator_.phase_seconds()) / steps;
  const auto left = static_cast<double>(last_step_ - position_.step);
  const double evals = 1 + left / static_cast<double>(batches_) / options_.eval.every_epochs;
  const auto images = static_cast<double>(std::max<std::int64_t>(1, images_));
  return {
      .position = position_,
      .loss = loss_sum_.item<double>() / images,
      .lr = replica_->learning_rate(position_.step - 1),
      .epoch_eta_s = per_step * static_cast<double>(batches_ - position_.consumed / options_.batch),
      .run_eta_s = per_step * left + eval_s_ * evals,
      .data_wait = meter_.figures().data_wait()};
}

Trainer::Trainer(models::Model model, std::shared_ptr<const data::Source> train,
                 std::shared_ptr<const data::Source> val, RunOptions options, dist::World& world,
                 std::string config)
    : session_(std::make_unique<Session>(std::move(model), std::move(train), std::move(val),
                                         std::move(options), world, std::move(config))) {}

Trainer::~Trainer() = default;

TrainResult Trainer::run() {
  return session_->run();
}

}  // namespace imgcls::train
