#include <imgcls/core/error.h>
#include <imgcls/core/file.h>
#include <imgcls/data/class_names.h>
#include <imgcls/dist/agree.h>
#include <imgcls/dist/step_ranges.h>
#include <imgcls/train/checkpoint_files.h>
#include <imgcls/train/class_differences.h>
#include <imgcls/train/device_event.h>
#include <imgcls/train/environment.h>
#include <imgcls/train/own_config.h>
#include <imgcls/train/rank_fields.h>
#include <imgcls/train/recipe/combinations.h>
#include <imgcls/train/resolved_config.h>
#include <imgcls/train/session.h>
#include <imgcls/train/wait_for_data.h>

#include <ATen/Parallel.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

namespace imgcls::train {

namespace {

/// What a rank answers that is out of time, where others give the number of a signal.
constexpr int kOutOfTime = 1000;

}  // namespace

Trainer::Session::Session(models::Model model, std::shared_ptr<const data::Source> train,
                          std::shared_ptr<const data::Source> val, RunOptions options,
                          dist::World& world, std::string config)
    : options_(std::move(options)),
      world_(world),
      console_(world),
      train_source_(std::move(train)),
      val_source_(std::move(val)),
      files_{options_.folder},
      saver_(
          files_, options_.checkpoint,
          {.config = resolved_config(
               config.empty() ? own_config(options_, model, *train_source_, *val_source_) : config,
               options_, world.device()),
           .data_fingerprint = train_source_->fingerprint(),
           .teacher_fingerprint = teacher_fingerprint(options_.distillation)},
          world, console_),
      profiler_(StepProfiler::Detail::everything, world.device() != "cpu"),
      loss_(world),
      readings_(world.device()) {
  check_sources();
  if (options_.model.unfreeze_epoch > 0 && model.frozen_parts().empty()) {
    throw dist::AgreedError(fmt::format(
        "model.unfreeze_epoch={} ends what Model::freeze begins, and nothing of {} is frozen",
        options_.model.unfreeze_epoch, model.name()));
  }
  watches_steps_ = world_.max(options_.callbacks.step ? 1 : 0) > 0;
  replica_ = std::make_unique<Replica>(std::move(model), train_source_, options_, world_);
  dist::agree(world_, [&] {
    evaluator_ = std::make_unique<RunEvaluator>(val_source_, *replica_, world_, console_);
    open_folder();
  });
  saver_.set_bits(bits_of(world_, replica_->convolves_fast()));
  batches_ = replica_->steps_per_epoch();
}

void Trainer::Session::check_sources() {
  std::vector<dist::Field> fields = data_fields("training", *train_source_);
  for (auto& field : data_fields("evaluation", *val_source_)) fields.push_back(std::move(field));
  dist::require_equal(world_, fields, "Give all ranks the same data.");
  const std::vector<dist::Field> teacher{
      {"the fingerprint of the teacher", saver_.identity().teacher_fingerprint}};
  dist::require_equal(world_, teacher, "Give all ranks the same teacher.");
  dist::agree(world_, [&] {
    require_labels_as_told(options_, *train_source_, "training");
    require_labels_as_told(options_, *val_source_, "evaluation");
  });
  const std::string differences =
      class_differences(train_source_->classes(), val_source_->classes());
  if (!differences.empty()) throw dist::AgreedError(differences);
}

void Trainer::Session::open_folder() {
  if (!world_.is_first()) return;
  folder_ = std::make_unique<RunFolder>(files_);
  console_.open(files_);
  for (const std::string& note : options_.notes) console_.log().file_only(note);
  for (const auto& source : {train_source_, val_source_}) {
    for (const std::string& remark : source->remarks()) console_.warn(remark);
  }
  if (folder_->is_locked()) return;
  console_.warn(
      fmt::format("the file system of {} has no locks: see to it that no other job writes there",
                  options_.folder.string()));
}

void Trainer::Session::start_or_resume() {
  const std::string found = saver_.find();
  std::vector<std::string> changes;
  dist::agree(world_, [&] {
    if (found.empty()) return;
    position_ = saver_.load(found, training(), changes);
    if (!changes.empty()) fit_position();
  });
  replica_->set_reductions(position_.plateau);
  replica_->begin_epoch(position_.epoch);
  last_step_ = find_last_step();
  dist::agree(world_, [&] {
    if (world_.is_first()) open_files(changes);
  });
  loss_.go_on(position_);
  console_.begin(shape(), world_, options_.folder, position_, found);
  for (const std::string& change : changes) console_.changed(change);
  if (options_.shards > 0) warn_of_other_bits(found);
  const double warmup = options_.schedule.warmup_epochs;
  if (world_.is_first() && warmup > 0 && replica_->schedule().warmup_steps == 0) {
    console_.log().warn(fmt::format(
        "schedule.warmup_epochs={} is less than half a step, with {} steps an epoch: there is no "
        "warm-up; {:.4g} would be one step",
        warmup, batches_, 1.0 / static_cast<double>(batches_)));
  }
}

/// What shards promise holds between processes that compute alike.
void Trainer::Session::warn_of_other_bits(const std::string& found) {
  const Bits& bits = saver_.identity().bits;
  std::vector<std::string> others = different_bits(bits, world_);
  dist::agree(world_, [&] {
    if (found.empty()) return;
    for (std::string& each : changed_bits(found, bits)) others.push_back(std::move(each));
  });
  for (const std::string& each : others) {
    console_.warn(
        fmt::format("train.shards={}: the last bits of the weights may come out otherwise "
                    "({})",
                    options_.shards, each));
  }
}

/// Of the run as it was told; a limit of its time is not known as a step.
std::int64_t Trainer::Session::find_last_step() const {
  if (has_lost_patience()) return position_.step;
  const std::int64_t steps = static_cast<std::int64_t>(batches_) * options_.epochs;
  const std::int64_t last = position_.step + steps - scheduled();
  return options_.max_steps > 0 ? std::min(last, options_.max_steps) : last;
}

/// A batch or data of another size: images of the epoch may come a second time, and none is lost.
void Trainer::Session::fit_position() {
  const std::size_t whole = position_.consumed - position_.consumed % options_.batch;
  position_.consumed = std::min(whole, batches_ * options_.batch);
}

/// On rank 0.
void Trainer::Session::open_files(std::span<const std::string> changes) {
  // A run that was stopped before or in an epoch's evaluation makes it again.
  const std::int64_t evaluated = position_.step - (epoch_is_complete() ? 1 : 0);
  logs_ = std::make_unique<RunLogs>(files_, options_, *train_source_, position_.step, evaluated,
                                    saver_.identity().config,
                                    [this](const std::string& message) { console_.warn(message); });
  record_session(files_.environment(), world_, position_.step, options_.shards,
                 saver_.identity().bits, changes);
  replace_file(files_.config(), saver_.identity().config);
  replace_file(files_.classes(), data::class_names_text(train_source_->classes()));
}

TrainResult Trainer::Session::run() {
  start_or_resume();
  session_start_ = Clock::now();
  try {
    train();
  } catch (const dist::AgreedError& e) {  // of all ranks between steps: the replicas are whole
    save_before_failing(e.what());
    throw;
  }
  end_profile();
  save(RunSaver::Saving::last);
  if (const LossTotals loss = loss_.totals(); loss.images > 0) train_loss_ = loss.mean();
  TrainResult result{.position = position_,
                     .eval = last_eval_,
                     .train_loss = train_loss_,
                     .stopped_by = stop_signal_,
                     .checkpoint = saver_.path(position_.step)};
  result.position.elapsed_s = elapsed();
  if (options_.checkpoint.best && position_.best.step >= 0) {
    result.best = files_.best() / kWeightsFile;
  }
  console_.skipped(replica_->loader());
  console_.skipped(evaluator_->loader());
  console_.end(result, files_);
  dist::agree(world_, [&] {
    if (logs_) logs_->end(stop_signal_ == 0, elapsed());
  });
  world_.barrier();  // nobody leaves before the checkpoint is on the disk
  return result;
}

void Trainer::Session::train() {
  while (stop_signal_ == 0 && (!is_finished() || epoch_is_complete())) {
    train_epoch();
    if (stop_signal_ == 0 && position_.consumed > 0) end_epoch();
  }
}

void Trainer::Session::train_epoch() {
  if (replica_->begin_epoch(position_.epoch)) console_.unfrozen(shape(), position_);
  console_.begin_phase(position_.consumed);
  replica_->loader().start(position_.epoch, position_.consumed);
  replica_->recipe().begin_epoch(position_.epoch);
  meter_.resume();
  if (!warned_of_crowding_) cores_since_ = core_times();
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
      save(RunSaver::Saving::periodic);
      meter_.resume();
    }
  }
  finish_row();
  timed_s_ += console_.phase_seconds();
}

/// Why this rank wants no further step: a signal, kOutOfTime, or 0.
int Trainer::Session::wish_to_stop() const {
  if (const int signal = signals_.received(); signal != 0) return signal;
  return is_out_of_time() ? kOutOfTime : 0;
}

/// What was trained so far is the run's result; it is evaluated and saved as any.
void Trainer::Session::end_early() {
  last_step_ = position_.step;
  console_.ends_early(fmt::format("train.max_hours={} have passed", options_.max_hours));
}

/// The batch of the next step; null where the run is to stop.
const data::Batch* Trainer::Session::next_batch() {
  const data::Batch* batch = nullptr;
  {
    const StepRange range(ranges::kDataWait);
    const Delivery delivery =
        wait_for_data(replica_->loader(), world_, [this] { return wish_to_stop(); });
    if (delivery.stopped_by == kOutOfTime) {
      end_early();
      return nullptr;
    }
    stop_signal_ = delivery.stopped_by;
    if (stop_signal_ != 0) return nullptr;
    batch = delivery.batch;
  }
  meter_.has_data();
  if (logs_ && timed_steps_ == 0) logs_->first_batch(*batch, position_.step + 1);
  return batch;
}

void Trainer::Session::one_step(const data::Batch& batch) {
  const bool logged = is_logged(position_.step + 1);
  const at::Tensor loss = replica_->step(batch, scheduled(), logged ? &gradient_norm_ : nullptr);
  meter_.has_stepped(static_cast<std::int64_t>(options_.batch));
  if (logged || watches_steps_) step_loss_ = loss;
  loss_.add(loss, replica_->images_of_loss(batch));
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
  throw_if_diverged(loss.sum, position_.step, saver_.has_any());
  train_loss_ = loss.mean();
  const bool complete = epoch_is_complete();
  const int epoch = static_cast<int>(position_.epoch) + (complete ? 1 : 0);
  const int every = options_.checkpoint.every_epochs;
  const bool saving = is_finished() || (complete && every > 0 && epoch % every == 0);
  if (is_finished() || epoch % options_.eval.every_epochs == 0) {
    if (!prepare_evaluation()) return;
    if (saving) save(RunSaver::Saving::periodic);  // whatever becomes of the evaluation
    if (!evaluate(epoch, loss.mean())) return;     // evaluated again when the run resumes
  }
  call(options_.callbacks.epoch,
       {.position = position_, .loss = loss.mean(), .model = replica_->model()});
  if (complete) {
    ++position_.epoch;
    position_.consumed = 0;
    loss_.reset();
  }
  if (saving) save(RunSaver::Saving::periodic);
}

/// Before the weights are saved, so that what is evaluated is what was saved. False where it was
/// stopped.
bool Trainer::Session::prepare_evaluation() {
  if (options_.eval.bn_images == 0) return true;
  const auto stopped = [this] { return signals_.received() != 0; };
  if (evaluator_->recompute_statistics(position_, stopped)) saver_.outdate();
  stop_signal_ = static_cast<int>(world_.max(signals_.received()));
  return stop_signal_ == 0;
}

/// False where it was stopped.
bool Trainer::Session::evaluate(int epoch, double train_loss) {
  EvalDetails details(val_source_->classes().size());
  const auto counts =
      evaluator_->evaluate(position_, details, [this] { return signals_.received() != 0; });
  if (!counts) {
    stop_signal_ = static_cast<int>(world_.max(signals_.received()));
    return false;
  }
  last_eval_ = counts;
  report_evaluation(*counts, details, epoch, train_loss);
  adapt_rate(*counts);
  call(options_.callbacks.evaluation,
       {.position = position_, .counts = *counts, .model = replica_->model()});
  compare(*counts);
  return true;
}

/// By evaluations that the run makes whenever it is to end: with a limit that is raised it goes on
/// as if there had been none.
void Trainer::Session::adapt_rate(const EvalCounts& counts) {
  const Metric metric = options_.eval.metric;
  const auto epoch = static_cast<std::int64_t>(position_.epoch) + 1;
  if (!epoch_is_complete() || epoch % options_.eval.every_epochs != 0) return;
  if (metric != position_.best.metric) position_.plateau.best.reset();  // it is another's figure
  const double before = replica_->learning_rate(scheduled());
  position_.plateau.add(replica_->schedule(), figure(counts, metric), higher_is_better(metric),
                        scheduled(), position_.step);
  replica_->set_reductions(position_.plateau);
  const double now = replica_->learning_rate(scheduled());
  if (now < before) console_.lowers_rate(now);
}

/// With the best evaluation so far.
void Trainer::Session::compare(const EvalCounts& counts) {
  const Metric metric = options_.eval.metric;
  const bool is_best = position_.best.add(figure(counts, metric), position_.step, metric);
  if (is_best && options_.checkpoint.best) {
    saver_.save_best(replica_->model(), replica_->recipe(), position_, counts);
  }
  if (!has_lost_patience() || is_finished()) return;
  last_step_ = position_.step;
  console_.ends_early(fmt::format("train.patience={}: the last {} evaluations were no better",
                                  options_.patience, position_.best.since));
}

void Trainer::Session::save(RunSaver::Saving saving) {
  if (saver_.has(position_)) return;
  const LossTotals loss = loss_.totals();
  throw_if_diverged(loss.sum, position_.step, saver_.has_any());
  Position now = position_;
  now.elapsed_s = elapsed();
  now.loss_sum = loss.sum;
  now.images = loss.images;
  replica_->sync_buffers();  // all ranks hold what the checkpoint does
  saver_.save(training(), now, saving);
}

/// The error that ends the run, `failure`, is what is told, whatever becomes of this.
void Trainer::Session::save_before_failing(const std::string& failure) {
  try {
    save(RunSaver::Saving::last);
    console_.saved_before_failing(saver_.path(position_.step));
    if (logs_) logs_->end(/*complete=*/false, elapsed());
  } catch (const dist::AgreedError& e) {
    if (e.what() != failure) console_.not_saved(e.what(), saver_.has_any());
  }
}

}  // namespace imgcls::train
