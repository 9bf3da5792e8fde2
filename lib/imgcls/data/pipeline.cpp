#include <imgcls/augment/policies.h>
#include <imgcls/core/error.h>
#include <imgcls/data/pipeline.h>

#include <fmt/format.h>
#include <opencv2/core/utility.hpp>

#include <algorithm>
#include <new>
#include <utility>

namespace imgcls::data {
namespace {

constexpr std::size_t kKeptMessages = 10;
constexpr double kLongest = 1e9;  // seconds; a clock's range ends somewhere

bool is_training(const LoaderOptions& options) {
  return std::holds_alternative<AugmentOptions>(options.transform);
}

int side_of(const LoaderOptions& options) {
  return std::visit([](const auto& transform) { return transform.size; }, options.transform);
}

}  // namespace

Pipeline::Pipeline(std::shared_ptr<const Source> source, const LoaderOptions& options)
    : source_(std::move(source)), options_(options) {
  take_transform();
  std::pmr::memory_resource* memory =
      options_.memory ? options_.memory.get() : std::pmr::get_default_resource();
  const auto slots = static_cast<std::size_t>(options_.prefetch + options_.kept);
  slots_.reserve(slots);
  while (slots_.size() < slots) {
    slots_.push_back({.batch = {.images = std::pmr::vector<std::uint8_t>(memory),
                                .labels = std::pmr::vector<std::int64_t>(memory),
                                .kept = options_.kept}});
  }
}

// The transform of the epoch to come. No thread is at an image.
void Pipeline::take_transform() {
  if (options_.transform_at) options_.transform = options_.transform_at(schedule_.epoch);
  if (const auto* augment = std::get_if<AugmentOptions>(&options_.transform)) {
    policy_ = make_policy(*augment);
  }
}

std::size_t Pipeline::batches_per_epoch() const {
  const std::size_t size = source_->size(), batch = options_.batch;
  return is_training(options_) ? options_.sampling.images(size) / batch
                               : (size + batch - 1) / batch;
}

LoaderTimes Pipeline::times() {
  const std::lock_guard lock(mutex_);
  return times_;
}

Schedule Pipeline::schedule_from(std::uint32_t epoch, std::size_t consumed) const {
  const std::size_t size = source_->size(), all = batches_per_epoch();
  const bool at_end = !is_training(options_) && consumed == size;
  if ((consumed % options_.batch != 0 || consumed / options_.batch > all) && !at_end) {
    throw ConfigError(
        fmt::format("an epoch cannot be entered after {} samples; expected a multiple "
                    "of the batch, {}, and at most {}",
                    consumed, options_.batch, all * options_.batch));
  }
  Schedule schedule;
  schedule.epoch = epoch;
  schedule.first = at_end ? all : consumed / options_.batch;
  if (is_training(options_)) {
    schedule.order = epoch_order(*source_, options_.sampling, options_.batch, options_.seed, epoch);
  } else {
    schedule.step = static_cast<std::size_t>(options_.world);
    const auto rank = static_cast<std::size_t>(options_.rank);
    schedule.first += (rank + schedule.step - schedule.first % schedule.step) % schedule.step;
  }
  if (schedule.first < all) {
    schedule.batches = (all - schedule.first + schedule.step - 1) / schedule.step;
  }
  return schedule;
}

// Positions in the epoch's global order of this rank's batch number `batch`.
Range Pipeline::positions(std::size_t batch) const {
  const std::size_t begin = (schedule_.first + batch * schedule_.step) * options_.batch;
  if (is_training(options_)) {
    return share_of_batch(begin, options_.batch, options_.rank, options_.world,
                          options_.shards > 0 ? options_.shards : options_.world);
  }
  return {begin, std::min(begin + options_.batch, source_->size())};
}

std::uint64_t Pipeline::sample_at(std::size_t position) const {
  const std::vector<std::uint32_t>& order = schedule_.order.samples;
  return order.empty() ? position : order[position];
}

void Pipeline::open(std::size_t batch) {
  Slot& slot = slots_[batch % slots_.size()];
  const Range range = positions(batch);
  slot.batch.size = slot.missing = range.size();
  slot.batch.views = views_of(options_.transform);
  slot.batch.side = side_of(options_);
  slot.batch.bits = options_.bits;
  const std::size_t images = range.size() * static_cast<std::size_t>(slot.batch.views);
  const auto side = static_cast<std::size_t>(slot.batch.side);
  try {
    slot.batch.images.resize(images * side * side * 3);
  } catch (const std::bad_alloc&) {
    throw Error(fmt::format("there is not enough memory for a batch of {} images of {} x {} pixels",
                            images, side, side));
  }
  slot.batch.labels.resize(range.size());
  slot.batch.samples.resize(range.size());
  for (std::size_t i = 0; i < range.size(); ++i) {
    slot.batch.samples[i] = sample_at(range.begin + i);
  }
  slot.turns.clear();
  if (const auto& turns = schedule_.order.turns; !turns.empty()) {
    slot.turns.assign(turns.begin() + static_cast<std::ptrdiff_t>(range.begin),
                      turns.begin() + static_cast<std::ptrdiff_t>(range.end));
  }
  slot.made.assign(range.size(), false);
  slot.failures.assign(range.size(), {});
  slot.error = nullptr;
}

// Called where the consumer is done with all batches delivered so far but those it keeps.
void Pipeline::open_free_slots() {
  const std::size_t kept = std::min(delivered_, static_cast<std::size_t>(options_.kept) - 1);
  const std::size_t free = delivered_ - kept + slots_.size();
  for (; opened_ < std::min(schedule_.batches, free); ++opened_) open(opened_);
  work_.notify_all();
}

void Pipeline::start(std::uint32_t epoch, std::size_t consumed) {
  if (options_.before_start) options_.before_start();
  Schedule schedule = schedule_from(epoch, consumed);
  const std::lock_guard lock(mutex_);
  running_ = false;
  asked_at_.reset();
  not_opened_ = nullptr;
  coming_ = std::move(schedule);
  begin_if_idle();
}

// Called where a start was asked for or a thread has become idle.
void Pipeline::begin_if_idle() {
  if (busy_ > 0 || !coming_) return;
  schedule_ = *std::exchange(coming_, std::nullopt);
  claim_batch_ = claim_at_ = opened_ = announced_ = delivered_ = 0;
  running_ = true;
  try {
    if (options_.transform_at) take_transform();
    open_free_slots();
  } catch (...) {  // for the consumer: this may be a thread's last act in the epoch before
    not_opened_ = std::current_exception();
    progress_.notify_all();
  }
}

bool Pipeline::wait(std::chrono::milliseconds time) {
  std::unique_lock lock(mutex_);
  if (!is_started()) return true;
  if (running_ && !not_opened_) open_free_slots();
  return has_come(lock, Clock::now() + time) || Clock::now() >= overdue();
}

const Batch* Pipeline::next() {
  std::unique_lock lock(mutex_);
  if (!is_started()) throw Error("the loader is not started: call start() before next()");
  if (running_ && !not_opened_) open_free_slots();
  if (!has_come(lock, Clock::time_point::max())) throw_overdue();
  if (not_opened_) {
    running_ = false;
    std::rethrow_exception(std::exchange(not_opened_, nullptr));
  }
  if (at_end()) return nullptr;
  Slot& slot = next_slot();
  if (slot.error) {
    running_ = false;
    std::rethrow_exception(std::exchange(slot.error, nullptr));
  }
  count_failures(slot);
  ++delivered_;
  asked_at_.reset();
  return &slot.batch;
}

bool Pipeline::is_complete() {
  return running_ && claim_batch_ > delivered_ && next_slot().missing == 0;
}

// Whether `next` has an answer, having waited for it `until` then, or until it was overdue.
bool Pipeline::has_come(std::unique_lock<std::mutex>& lock, Clock::time_point until) {
  if (!asked_at_) asked_at_ = Clock::now();
  return progress_.wait_until(lock, std::min(until, overdue()),
                              [this] { return not_opened_ || at_end() || is_complete(); });
}

Pipeline::Clock::time_point Pipeline::overdue() const {
  const std::chrono::duration<double> limit(std::min(options_.timeout_s, kLongest));
  return *asked_at_ + std::chrono::duration_cast<Clock::duration>(limit);
}

// The first sample that a thread was given and has not made; none where the busy threads tell the
// source what will be needed.
std::optional<std::uint64_t> Pipeline::sample_under_way() const {
  for (std::size_t batch = delivered_; batch < opened_ && batch <= claim_batch_; ++batch) {
    const std::vector<bool>& made = slots_[batch % slots_.size()].made;
    const std::size_t claimed = batch < claim_batch_ ? made.size() : claim_at_;
    for (std::size_t at = 0; at < claimed; ++at) {
      if (!made[at]) return sample_at(positions(batch).begin + at);
    }
  }
  return std::nullopt;
}

void Pipeline::throw_overdue() {
  running_ = false;
  if (std::exchange(coming_, std::nullopt)) {
    const std::optional<std::uint64_t> sample = sample_under_way();
    throw DataError(fmt::format(
        "{} could not be read within {} s, and the next epoch waits for that; is its disk there?",
        sample ? source_->name(*sample) : "what an epoch's next batches need", options_.timeout_s));
  }
  const Slot& slot = next_slot();
  const auto missing = std::find(slot.made.begin(), slot.made.end(), false) - slot.made.begin();
  // Not from the batch: its place belongs to the thread that is at it.
  const std::size_t at = positions(delivered_).begin + static_cast<std::size_t>(missing);
  throw DataError(
      fmt::format("{} could not be read within {} s ({} of the batch's {} images are missing); is "
                  "its disk there?",
                  source_->name(sample_at(at)), options_.timeout_s, slot.missing, slot.batch.size));
}

void Pipeline::count_failures(const Slot& slot) {
  for (const auto& messages : slot.failures) {
    for (const std::string& message : messages) {
      if (skipped++ < kKeptMessages) skipped_messages.push_back(message);
    }
  }
}

void Pipeline::work(const std::stop_token& stop) {
  // One image a thread: OpenCV's own threads would only be in the way.
  cv::setNumThreads(0);
  ImageMaker maker(*source_, options_, policy_);
  std::unique_lock lock(mutex_);
  for (;;) {
    work_.wait(lock, stop, [this] { return can_claim() || can_announce(); });
    if (stop.stop_requested()) return;
    if (can_announce()) {
      announce(announced_++, lock);
      continue;
    }
    Slot& slot = slots_[claim_batch_ % slots_.size()];
    const std::size_t at = claim_at_++;
    if (claim_at_ == slot.batch.size) {
      ++claim_batch_;
      claim_at_ = 0;
    }
    ++busy_;
    make(maker, slot, at, lock);
    const bool complete = slot.missing == 0;
    --busy_;
    begin_if_idle();
    if (complete || busy_ == 0) progress_.notify_all();
  }
}

// In a worker: the system may have to wait for the disk before it takes more requests.
void Pipeline::announce(std::size_t batch, std::unique_lock<std::mutex>& lock) {
  ++busy_;
  lock.unlock();
  const Range range = positions(batch);
  for (std::size_t at = range.begin; at < range.end; ++at) source_->will_need(sample_at(at));
  lock.lock();
  --busy_;
  begin_if_idle();
  if (busy_ == 0) progress_.notify_all();
}

void Pipeline::make(ImageMaker& maker, Slot& slot, std::size_t at,
                    std::unique_lock<std::mutex>& lock) {
  LapClock clock;
  lock.unlock();
  Batch& batch = slot.batch;
  const std::size_t bytes = std::size_t{3} * static_cast<std::size_t>(batch.views) *
                            static_cast<std::size_t>(batch.side) * batch.side;
  std::exception_ptr error;
  Made made;
  try {
    made = maker.make(schedule_.epoch, batch.samples[at], slot.turns.empty() ? 0 : slot.turns[at],
                      std::span(batch.images).subspan(at * bytes, bytes));
    batch.samples[at] = made.sample;
    batch.labels[at] = made.label;
  } catch (...) {
    error = std::current_exception();
  }
  lock.lock();
  slot.failures[at] = std::move(made.failures);
  if (error && (!slot.error || at < slot.error_at)) {
    slot.error = std::move(error);
    slot.error_at = at;
  }
  slot.made[at] = true;
  --slot.missing;
  LoaderTimes times = maker.take_times();
  times.images = 1;
  clock.add_to(times.busy);
  times_ += times;
}

}  // namespace imgcls::data
