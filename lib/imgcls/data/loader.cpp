#include <imgcls/augment/grey16_options.h>
#include <imgcls/augment/policies.h>
#include <imgcls/core/cores.h>
#include <imgcls/core/error.h>
#include <imgcls/data/loader.h>
#include <imgcls/data/pipeline.h>

#include <fmt/format.h>

#include <chrono>
#include <future>
#include <thread>
#include <utility>

namespace imgcls::data {
namespace {

/// How long a loader that ends waits for images under way.
constexpr std::chrono::seconds kLastWait(1);

void check(const LoaderOptions& options, std::size_t samples) {
  const int side =
      std::visit([](const auto& transform) { return transform.size; }, options.transform);
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
  require(options.kept >= 1,
          fmt::format("the loader keeps {} batches; expected at least 1", options.kept));
  require(side > 0, fmt::format("images of side {} cannot be made; expected at least 1", side));
  require(options.timeout_s > 0,
          fmt::format("the loader's time limit is {} s; expected more than 0", options.timeout_s));
  require(options.bits == 8 || options.bits == 16,
          fmt::format("images of {} bits cannot be made; expected 8 or 16", options.bits));
  if (options.bits == 16) require_16_bit_form(options.transform);
  if (const auto* eval = std::get_if<EvalOptions>(&options.transform)) {
    const int crops = eval->crops;
    require(crops == 1 || crops == 5 || crops == 10,
            fmt::format("{} crops of an image cannot be made; expected 1, 5 or 10", crops));
    return;
  }
  require_different_views(std::get<AugmentOptions>(options.transform));
  const int pieces = options.shards > 0 ? options.shards : options.world;
  require(options.batch % static_cast<std::size_t>(pieces) == 0,
          fmt::format("a batch of {} cannot be shared evenly by {} {}; expected a multiple of {}",
                      options.batch, pieces, options.shards > 0 ? "shards" : "ranks", pieces));
  require(pieces >= options.world,
          fmt::format("{} shards are too few for {} ranks; expected at least one for each",
                      options.shards, options.world));
  require(options.sampling.repeats >= 1,
          fmt::format("an image comes {} times; expected at least 1", options.sampling.repeats));
  require(options.sampling.epoch_size == 0 || options.batch <= options.sampling.epoch_size,
          fmt::format("a batch of {} is larger than an epoch of {} images; expected at most {}",
                      options.batch, options.sampling.epoch_size, options.sampling.epoch_size));
  if (options.sampling.epoch_size > 0) return;
  require(
      options.batch <= samples,
      fmt::format("a batch of {} is larger than the data set of {} samples; expected at most {}",
                  options.batch, samples, samples));
}

}  // namespace

int views_of(const std::variant<AugmentOptions, EvalOptions>& transform) {
  const auto* const augment = std::get_if<AugmentOptions>(&transform);
  return augment != nullptr ? augment->views : std::get<EvalOptions>(transform).crops;
}

/// The threads. They own what they share, so that one which is stuck in a slow read can be left
/// behind: it ends when the read does, or with the process.
class Loader::Workers {
 public:
  Workers(std::shared_ptr<const Source> source, const LoaderOptions& options) {
    check(options, source->size());
    pipeline = std::make_shared<Pipeline>(std::move(source), options);
    const int threads = options.threads > 0 ? options.threads : usable_cores();
    for (int i = 0; i < threads; ++i) {
      std::promise<void> end;
      ends_.push_back(end.get_future());
      threads_.emplace_back(
          [shared = pipeline, end = std::move(end)](const std::stop_token& stop) mutable {
            shared->work(stop);
            end.set_value();
          });
    }
  }

  ~Workers() {
    for (std::jthread& thread : threads_) thread.request_stop();
    const auto until = std::chrono::steady_clock::now() + kLastWait;
    for (std::size_t i = 0; i < threads_.size(); ++i) {
      if (ends_[i].wait_until(until) == std::future_status::timeout) threads_[i].detach();
    }
  }
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  std::shared_ptr<Pipeline> pipeline;

 private:
  std::vector<std::future<void>> ends_;
  std::vector<std::jthread> threads_;  // last: they are joined before the rest goes
};

Loader::Loader(std::shared_ptr<const Source> source, LoaderOptions options)
    : workers_(std::make_unique<Workers>(std::move(source), options)) {}

Loader::~Loader() = default;

void Loader::start(std::uint32_t epoch, std::size_t consumed) {
  workers_->pipeline->start(epoch, consumed);
}
bool Loader::wait(std::chrono::milliseconds time) {
  return workers_->pipeline->wait(time);
}
const Batch* Loader::next() {
  return workers_->pipeline->next();
}
const Source& Loader::source() const {
  return workers_->pipeline->source();
}
std::size_t Loader::batches_per_epoch() const {
  return workers_->pipeline->batches_per_epoch();
}
std::size_t Loader::skipped() const {
  return workers_->pipeline->skipped;
}
std::vector<std::string> Loader::skipped_messages() const {
  return workers_->pipeline->skipped_messages;
}
LoaderTimes Loader::times() const {
  return workers_->pipeline->times();
}

}  // namespace imgcls::data
