#include <imgcls/core/error.h>
#include <imgcls/data/image_maker.h>
#include <imgcls/data/loader.h>
#include <imgcls/data/sampler.h>

#include <fmt/format.h>
#include <sched.h>
#include <opencv2/core/utility.hpp>

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>
#include <utility>

namespace imgcls::data {
namespace {

constexpr std::size_t kKeptMessages = 10;

int usable_cores() {
  cpu_set_t cores;
  CPU_ZERO(&cores);
  if (sched_getaffinity(0, sizeof cores, &cores) != 0) return 1;
  return std::max(1, CPU_COUNT(&cores));
}

bool is_training(const LoaderOptions& options) {
  return std::holds_alternative<AugmentOptions>(options.transform);
}

int side_of(const LoaderOptions& options) {
  return std::visit([](const auto& transform) { return transform.size; }, options.transform);
}

void check(const LoaderOptions& options, std::size_t samples) {
  const auto require = [](bool good, const std::string& message) {
    if (!good) throw ConfigError(message);
  };
  require(options.batch > 0, "the loader's batch is 0; expected at least 1");
  require(options.world > 0 && options.rank >= 0 && options.rank < options.world,
          fmt::format("rank {} of {} does not exist", options.rank, options.world));
  require(options.threads >= 0,
          fmt::format("the loader has {} threads; expected 0 or more", options.threads));
  require(options.prefetch >= 0,
          fmt::format("the loader's prefetch is {}; expected 0 or more", options.prefetch));
  require(side_of(options) > 0,
          fmt::format("images of side {} cannot be made; expected at least 1", side_of(options)));
  if (!is_training(options)) return;
  require(
      options.batch % static_cast<std::size_t>(options.world) == 0,
      fmt::format("a batch of {} cannot be shared evenly by {} ranks; expected a multiple of {}",
                  options.batch, options.world, options.world));
  require(
      options.batch <= samples,
      fmt::format("a batch of {} is larger than the data set of {} samples; expected at most {}",
                  options.batch, samples, samples));
}

/// The epoch under way as this rank sees it: which samples each of its batches holds.
struct Schedule {
  std::uint32_t epoch = 0;
  std::vector<std::uint32_t> order;  // training: the global order; evaluation: none
  std::size_t first = 0;             // this rank's first global batch ...
  std::size_t step = 1;              // ... and how far apart the others are
  std::size_t batches = 0;           // of this rank
};

/// A batch being made.
struct Slot {
  Batch batch;
  std::size_t missing = 0;  // images not made yet
  std::vector<std::vector<std::string>> failures;
  std::exception_ptr error;  // of the first image, in the batch's order, that has one
  std::size_t error_at = 0;
};

}  // namespace

/// The threads and what they share. `mutex_` guards all that changes while they work, except the
/// pixels, labels and samples of a place in a batch: these belong to the thread that claimed it.
class Loader::Workers {
 public:
  Workers(std::shared_ptr<const Source> source, const LoaderOptions& options)
      : source_(std::move(source)), options_(options) {
    check(options_, source_->size());
    slots_.resize(static_cast<std::size_t>(options_.prefetch) + 1);  // and the consumer's
    const int threads = options_.threads > 0 ? options_.threads : usable_cores();
    for (int i = 0; i < threads; ++i) {
      threads_.emplace_back([this](const std::stop_token& stop) { work(stop); });
    }
  }

  void start(std::uint32_t epoch, std::size_t consumed);
  const Batch* next();
  std::size_t batches_per_epoch() const {
    const std::size_t size = source_->size(), batch = options_.batch;
    return is_training(options_) ? size / batch : (size + batch - 1) / batch;
  }

  std::size_t skipped = 0;
  std::vector<std::string> skipped_messages;

 private:
  Schedule schedule_from(std::uint32_t epoch, std::size_t consumed) const;
  Range positions(std::size_t batch) const;
  void open(std::size_t batch);
  void open_free_slots();
  bool can_claim() const { return running_ && claim_batch_ < opened_; }
  void work(const std::stop_token& stop);
  void make(ImageMaker& maker, Slot& slot, std::size_t at, std::unique_lock<std::mutex>& lock);
  void count_failures(const Slot& slot);

  std::shared_ptr<const Source> source_;
  LoaderOptions options_;

  std::mutex mutex_;
  std::condition_variable_any work_;      // something may be claimed
  std::condition_variable_any progress_;  // a batch is complete, or no thread is busy
  bool running_ = false;
  std::size_t busy_ = 0;
  Schedule schedule_;
  std::vector<Slot> slots_;  // batch b of this rank is made in slot b modulo their number
  std::size_t claim_batch_ = 0, claim_at_ = 0;  // the next place to be claimed
  std::size_t delivered_ = 0;                   // batches handed out
  std::size_t opened_ = 0;                      // batches that may be claimed from

  std::vector<std::jthread> threads_;  // last: they end before what they use does
};

Schedule Loader::Workers::schedule_from(std::uint32_t epoch, std::size_t consumed) const {
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
    schedule.order = shuffled_order(size, options_.seed, epoch);
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
Range Loader::Workers::positions(std::size_t batch) const {
  const std::size_t begin = (schedule_.first + batch * schedule_.step) * options_.batch;
  if (is_training(options_)) {
    return share_of_batch(begin, options_.batch, options_.rank, options_.world);
  }
  return {begin, std::min(begin + options_.batch, source_->size())};
}

void Loader::Workers::open(std::size_t batch) {
  Slot& slot = slots_[batch % slots_.size()];
  const Range range = positions(batch);
  slot.batch.size = slot.missing = range.size();
  slot.batch.side = side_of(options_);
  const auto side = static_cast<std::size_t>(slot.batch.side);
  slot.batch.images.resize(range.size() * side * side * 3);
  slot.batch.labels.resize(range.size());
  slot.batch.samples.resize(range.size());
  for (std::size_t i = 0; i < range.size(); ++i) {
    const std::size_t at = range.begin + i;
    slot.batch.samples[i] = schedule_.order.empty() ? at : schedule_.order[at];
  }
  slot.failures.assign(range.size(), {});
  slot.error = nullptr;
}

// Called where the consumer is done with all batches delivered so far.
void Loader::Workers::open_free_slots() {
  while (opened_ < std::min(schedule_.batches, delivered_ + slots_.size())) open(opened_++);
  work_.notify_all();
}

void Loader::Workers::start(std::uint32_t epoch, std::size_t consumed) {
  std::unique_lock lock(mutex_);
  running_ = false;
  progress_.wait(lock, [this] { return busy_ == 0; });
  schedule_ = schedule_from(epoch, consumed);
  claim_batch_ = claim_at_ = opened_ = delivered_ = 0;
  open_free_slots();
  running_ = true;
}

const Batch* Loader::Workers::next() {
  std::unique_lock lock(mutex_);
  if (!running_) throw Error("the loader is not started: call start() before next()");
  open_free_slots();
  if (delivered_ == schedule_.batches) return nullptr;
  Slot& slot = slots_[delivered_ % slots_.size()];
  progress_.wait(lock, [&] { return claim_batch_ > delivered_ && slot.missing == 0; });
  if (slot.error) {
    running_ = false;
    std::rethrow_exception(std::exchange(slot.error, nullptr));
  }
  count_failures(slot);
  ++delivered_;
  return &slot.batch;
}

void Loader::Workers::count_failures(const Slot& slot) {
  for (const auto& messages : slot.failures) {
    for (const std::string& message : messages) {
      if (skipped++ < kKeptMessages) skipped_messages.push_back(message);
    }
  }
}

void Loader::Workers::work(const std::stop_token& stop) {
  // One image a thread: OpenCV's own threads would only be in the way.
  cv::setNumThreads(0);
  ImageMaker maker(*source_, options_);
  std::unique_lock lock(mutex_);
  for (;;) {
    work_.wait(lock, stop, [this] { return can_claim(); });
    if (stop.stop_requested()) return;
    Slot& slot = slots_[claim_batch_ % slots_.size()];
    const std::size_t at = claim_at_++;
    if (claim_at_ == slot.batch.size) {
      ++claim_batch_;
      claim_at_ = 0;
    }
    ++busy_;
    make(maker, slot, at, lock);
    --busy_;
    if (slot.missing == 0 || busy_ == 0) progress_.notify_all();
  }
}

void Loader::Workers::make(ImageMaker& maker, Slot& slot, std::size_t at,
                           std::unique_lock<std::mutex>& lock) {
  lock.unlock();
  Batch& batch = slot.batch;
  const std::size_t bytes = static_cast<std::size_t>(batch.side) * batch.side * 3;
  std::exception_ptr error;
  Made made;
  try {
    made = maker.make(schedule_.epoch, batch.samples[at],
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
  --slot.missing;
}

Loader::Loader(std::shared_ptr<const Source> source, LoaderOptions options)
    : workers_(std::make_unique<Workers>(std::move(source), options)) {}

Loader::~Loader() = default;

void Loader::start(std::uint32_t epoch, std::size_t consumed) {
  workers_->start(epoch, consumed);
}
const Batch* Loader::next() {
  return workers_->next();
}
std::size_t Loader::batches_per_epoch() const {
  return workers_->batches_per_epoch();
}
std::size_t Loader::skipped() const {
  return workers_->skipped;
}
std::vector<std::string> Loader::skipped_messages() const {
  return workers_->skipped_messages;
}

}  // namespace imgcls::data
