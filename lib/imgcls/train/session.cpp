#include <imgcls/core/error.h>
#include <imgcls/core/file.h>
#include <imgcls/dist/agree.h>
#include <imgcls/dist/step_ranges.h>
#include <imgcls/train/device_event.h>
#include <imgcls/train/environment.h>
#include <imgcls/train/rank_fields.h>
#include <imgcls/train/session.h>
#include <imgcls/train/wait_for_data.h>

#include <ATen/Parallel.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>

namespace imgcls::train {

namespace {

/// The configuration with what `train.deterministic` = "auto" means here: another device's means
/// another thing.
std::string with_determinism(const std::string& config, bool deterministic) {
  if (config.empty()) return config;
  nlohmann::json values = nlohmann::json::parse(config);
  const nlohmann::json::json_pointer key("/train/deterministic");
  if (!values.contains(key)) return config;
  values[key] = deterministic;
  return values.dump(2);
}

}  // namespace

Trainer::Session::Session(models::Model model, std::shared_ptr<const data::Source> train,
                          std::shared_ptr<const data::Source> val, RunOptions options,
                          dist::World& world, std::string config)
    : options_(std::move(options)),
      world_(world),
      narrator_(world),
      train_source_(std::move(train)),
      val_source_(std::move(val)),
      identity_{.config = with_determinism(config, is_deterministic(options_, world.device())),
                .data_fingerprint = train_source_->fingerprint()},
      files_{options_.folder},
      checkpoints_(files_.checkpoints(), options_.checkpoint.keep),
      profiler_(StepProfiler::Detail::everything, world.device() != "cpu"),
      loss_(world),
      readings_(world.device()) {
  check_sources();
  replica_ = std::make_unique<Replica>(std::move(model), train_source_, options_, world_);
  dist::agree(world_, [&] {
    data::LoaderOptions loading =
        eval_loader_options(replica_->options(), world_.rank(), world_.size());
    replica_->input().prepare(loading);
    val_loader_ = std::make_unique<data::Loader>(val_source_, std::move(loading));
    open_folder();
  });
  batches_ = replica_->steps_per_epoch();
  last_step_ = static_cast<std::int64_t>(batches_) * options_.epochs;
  if (options_.max_steps > 0) last_step_ = std::min(last_step_, options_.max_steps);
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
  loss_.go_on(position_);
  narrator_.begin(shape(), world_, options_.folder, position_, found);
  const double warmup = options_.schedule.warmup_epochs;
  if (world_.is_first() && warmup > 0 && replica_->schedule().warmup_steps == 0) {
    narrator_.log().warn(fmt::format(
        "schedule.warmup_epochs={} is less than half a step, with {} steps an epoch: there is no "
        "warm-up; {:.4g} would be one step",
        warmup, batches_, 1.0 / static_cast<double>(batches_)));
  }
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
    if (position_.step + 1 == options_.profile.first) {
      wait_for_device(world_.device());
      profiler_.start();
    }
    {
      const StepRange range(ranges::kStep);
      const data::Batch* batch = next_batch();
      if (batch == nullptr) break;
      one_step(*batch);
    }
    if (position_.step == options_.profile.last) end_profile();
    report_step();
    const int every = options_.checkpoint.every_steps;
    if (every > 0 && position_.step % every == 0 && !epoch_is_complete()) {
      finish_row();
      save();
      meter_.resume();
    }
  }
  finish_row();
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
  const bool logged = (position_.step + 1) % options_.log_every == 0;
  const at::Tensor loss = replica_->step(batch, position_.step, logged ? &gradient_norm_ : nullptr);
  meter_.has_stepped(static_cast<std::int64_t>(options_.batch));
  if (logged) step_loss_ = loss;
  loss_.add(loss, batch.size);
  position_.consumed += options_.batch;
  ++position_.step;
  ++timed_steps_;
  if (options_.log_samples) {
    const auto shares = world_.gather(fmt::format("{}", fmt::join(batch.samples, " ")));
    if (logs_) logs_->samples(position_, shares);
  }
}

void Trainer::Session::end_epoch() {
  const LossTotals loss = loss_.totals();
  throw_if_diverged(loss.sum, position_.step);
  const bool complete = epoch_is_complete();
  const int epoch = static_cast<int>(position_.epoch) + (complete ? 1 : 0);
  const int every = options_.checkpoint.every_epochs;
  const bool saving = is_finished() || (complete && every > 0 && epoch % every == 0);
  if (is_finished() || epoch % options_.eval.every_epochs == 0) {
    EvalDetails details(val_source_->classes().size());
    const EvalCounts counts = evaluate_now(details);
    if (counts.images < 0) return;  // stopped: evaluated again when the run goes on
    last_eval_ = counts;
    report_evaluation(counts, details, epoch, loss.mean(), saving);
  }
  if (complete) {
    ++position_.epoch;
    position_.consumed = 0;
    loss_.reset();
  }
  if (saving) save();
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

void Trainer::Session::save() {
  if (saved_ && saved_->step == position_.step && saved_->epoch == position_.epoch) return;
  const LossTotals loss = loss_.totals();
  throw_if_diverged(loss.sum, position_.step);
  Position now = position_;
  now.elapsed_s = elapsed();
  now.loss_sum = loss.sum;
  now.images = loss.images;
  narrator_.clear();
  replica_->sync_buffers();  // all ranks hold what the checkpoint does
  dist::agree(world_, [&] {
    if (world_.is_first()) {
      checkpoints_.save(training(), now, identity_);
    }
  });
  saved_ = now;
}

}  // namespace imgcls::train
