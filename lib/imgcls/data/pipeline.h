#pragma once
// Batches under way: the work of a loader's threads and what they share. Internal to imgcls::data.

#include <imgcls/data/image_maker.h>
#include <imgcls/data/loader.h>
#include <imgcls/data/sampler.h>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace imgcls::data {

/// The epoch under way as this rank sees it: which samples each of its batches holds.
struct Schedule {
  std::uint32_t epoch = 0;
  Order order;              ///< training: the global order; evaluation: none
  std::size_t first = 0;    ///< this rank's first global batch ...
  std::size_t step = 1;     ///< ... and how far apart the others are
  std::size_t batches = 0;  ///< of this rank
};

/// A batch being made.
struct Slot {
  Batch batch = {};
  std::vector<std::uint32_t> turns = {};  ///< of its samples (Order); empty: all are 0
  std::size_t missing = 0;                ///< images not made yet
  std::vector<bool> made = {};            ///< which images are
  std::vector<std::vector<std::string>> failures = {};
  std::exception_ptr error = {};  ///< of the first image, in the batch's order, that has one
  std::size_t error_at = 0;
};

/// One consumer starts epochs and takes batches, as `Loader` says; any number of threads run
/// `work`. A mutex guards all that changes while they work, except the pixels, labels and samples
/// of a place in a batch: these belong to the thread that claimed it.
class Pipeline {
 public:
  Pipeline(std::shared_ptr<const Source> source, const LoaderOptions& options);

  void start(std::uint32_t epoch, std::size_t consumed);
  bool wait(std::chrono::milliseconds time);
  const Batch* next();
  std::size_t batches_per_epoch() const;
  const Source& source() const { return *source_; }
  LoaderTimes times();

  /// What a thread does until `stop` is requested: tell the source which samples a batch that was
  /// opened will need, so that a disk fetches them while earlier batches are made; else claim the
  /// next image, make it.
  void work(const std::stop_token& stop);

  std::size_t skipped = 0;
  std::vector<std::string> skipped_messages;

 private:
  using Clock = std::chrono::steady_clock;

  Schedule schedule_from(std::uint32_t epoch, std::size_t consumed) const;
  Range positions(std::size_t batch) const;
  std::uint64_t sample_at(std::size_t position) const;
  void open(std::size_t batch);
  void open_free_slots();
  void begin_if_idle();
  void take_transform();
  bool can_claim() const { return running_ && claim_batch_ < opened_; }
  bool can_announce() const { return running_ && announced_ < opened_; }
  bool is_started() const { return running_ || coming_; }
  bool at_end() const { return running_ && delivered_ == schedule_.batches; }
  bool is_complete();
  Slot& next_slot() { return slots_[delivered_ % slots_.size()]; }
  bool has_come(std::unique_lock<std::mutex>& lock, Clock::time_point until);
  Clock::time_point overdue() const;
  std::optional<std::uint64_t> sample_under_way() const;
  [[noreturn]] void throw_overdue();
  void announce(std::size_t batch, std::unique_lock<std::mutex>& lock);
  void make(ImageMaker& maker, Slot& slot, std::size_t at, std::unique_lock<std::mutex>& lock);
  void count_failures(const Slot& slot);

  std::shared_ptr<const Source> source_;
  LoaderOptions options_;                 // before the slots, whose memory it owns
  std::unique_ptr<const Policy> policy_;  // null: none

  std::mutex mutex_;
  std::condition_variable_any work_;      // something may be claimed
  std::condition_variable_any progress_;  // a batch is complete, or no thread is busy
  bool running_ = false;
  std::size_t busy_ = 0;
  Schedule schedule_;
  std::optional<Schedule> coming_;  // begins when no thread is at one before it
  std::vector<Slot> slots_;         // batch b of this rank is made in slot b modulo their number
  std::size_t claim_batch_ = 0, claim_at_ = 0;  // the next place to be claimed
  std::size_t announced_ = 0;                   // batches whose samples the source knows will come
  std::size_t delivered_ = 0;                   // batches handed out
  std::size_t opened_ = 0;                      // batches that may be claimed from
  std::exception_ptr not_opened_;               // why an epoch's first batches are not
  std::optional<Clock::time_point> asked_at_;   // when the consumer first asked for the next batch
  LoaderTimes times_;                           // of all threads
};

}  // namespace imgcls::data
