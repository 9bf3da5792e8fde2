#pragma once
// Batches of training or evaluation images, made by threads, delivered in order.
//
// What the loader yields depends on (file bytes, seed, epoch, sample index, options) alone: not on
// the number of threads, the number of ranks or how far it works ahead. Its position is
// (epoch, samples consumed), and it starts from any position at no cost.

#include <imgcls/augment/transform.h>
#include <imgcls/data/sampling.h>
#include <imgcls/data/source.h>
#include <imgcls/image/work_times.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <memory_resource>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace imgcls::data {

/// What to do with an image that cannot be read or decoded.
enum class OnError {
  stop,  ///< `next` throws DataError naming the file
  skip,  ///< training: another sample, drawn from (seed, epoch, sample), takes its place;
         ///< evaluation: it is left out. Both are counted.
};

/// The label of a place in an evaluation batch whose image was left out.
inline constexpr std::int64_t kSkippedLabel = -1;

/// What a loader is to deliver, and to this rank of how many.
struct LoaderOptions {
  /// Training: images of a global batch, over all ranks. Evaluation: images of a rank's batch.
  std::size_t batch = 256;
  /// This rank's number and the number of ranks.
  int rank = 0;
  int world = 1;  ///< ranks, of which this is number `rank`
  /// Training: pieces of a global batch, which are dealt to the ranks whole and in order, to some
  /// one more than to others; 0: as many as ranks.
  int shards = 0;
  /// Decoding threads; 0: one for each core that this rank may use.
  int threads = 0;
  /// Batches made ahead of the consumer.
  int prefetch = 3;
  /// Seconds after which a batch that is waited for is given up.
  double timeout_s = 600;
  std::uint64_t seed = 0;  ///< of the order, and of each image's augmentation
  /// Of images: 8, or 16 for grey ones (Image::bits).
  int bits = 8;
  /// Training: which images an epoch has.
  SamplingOptions sampling = {};
  OnError on_error = OnError::stop;  ///< an image that cannot be read or decoded
  /// Where images and labels of batches lie; null: in ordinary memory.
  std::shared_ptr<std::pmr::memory_resource> memory = {};
  /// How many of the batches handed out last stay valid. More than one lets a device still read
  /// one while the next is waited for.
  int kept = 1;
  /// Called by `Loader::start` before all of them become invalid, where it is set.
  std::function<void()> before_start = {};
  /// AugmentOptions: training, shuffled, the last incomplete global batch of an epoch is dropped.
  /// EvalOptions: in order, each sample once over all ranks. Whole batches of `batch` samples are
  /// dealt to the ranks in turn, so that a batch is the same on any number of ranks.
  std::variant<AugmentOptions, EvalOptions> transform;
  /// Training: what `transform` is in an epoch, where it is set.
  std::function<AugmentOptions(std::uint32_t epoch)> transform_at = {};
};

/// Images that a transform makes of one.
int views_of(const std::variant<AugmentOptions, EvalOptions>& transform);

/// A batch of this rank's images.
struct Batch {
  std::size_t size = 0;                        ///< samples: N
  int views = 1;                               ///< images of each: V
  int side = 0;                                ///< pixels: images are side x side
  int bits = 8;                                ///< of images: Image::bits
  std::pmr::vector<std::uint8_t> images = {};  ///< N x V x side x side x 3: Image::pixels
  /// N; kSkippedLabel: an evaluation image is left out. Of a multi-label source all others are 0:
  /// what their classes are, it says of `samples`.
  std::pmr::vector<std::int64_t> labels = {};
  std::vector<std::uint64_t> samples = {};  ///< N: each one's number in the source
  int kept = 1;  ///< LoaderOptions::kept: it is valid until so many more come
};

/// Makes batches. Not copyable; one consumer thread. Its end waits a second for images under way; a
/// thread whose read takes longer is left to itself, with the source, until the read ends.
class Loader {
 public:
  /// `source` is shared with the loader's threads. Throws ConfigError when the options do not fit
  /// together: what images of 16 bits cannot have; a training batch that is not a multiple of the
  /// ranks or shards, or larger than the source; fewer shards than ranks.
  Loader(std::shared_ptr<const Source> source, LoaderOptions options);
  ~Loader();
  Loader(const Loader&) = delete;
  Loader& operator=(const Loader&) = delete;

  /// Starts `epoch` after `consumed` samples of its global order: a multiple of `batch`, or all of
  /// them. Batches under way are thrown away; the first new one is begun when no thread reads for
  /// them any more, which is not waited for here. Throws ConfigError for another position.
  void start(std::uint32_t epoch, std::size_t consumed = 0);

  /// This rank's next batch of the epoch, or null at its end. The batch is valid until the next
  /// call of `next` or `wait`, or until later ones where the options keep more than one. Throws
  /// DataError as `on_error` says; the loader can be started again afterwards, and must be before
  /// another call. Throws DataError naming an image when the batch has not come `timeout_s` after
  /// it was first asked for.
  const Batch* next();

  /// Waits `time` at most for `next` to have an answer: a batch, the epoch's end, an error. Whether
  /// it has one.
  bool wait(std::chrono::milliseconds time);

  const Source& source() const;  ///< what it was made with

  /// Global batches in an epoch (training: complete ones only).
  std::size_t batches_per_epoch() const;

  /// Images of this rank that could not be used in the batches handed out so far (a replacement
  /// that failed as well counts too), and the messages of the first ten of them.
  std::size_t skipped() const;
  std::vector<std::string> skipped_messages() const;  ///< each names its file and the reason

  /// What the threads have done since the loader was made, images of batches under way included.
  LoaderTimes times() const;

 private:
  class Workers;
  std::unique_ptr<Workers> workers_;
};

}  // namespace imgcls::data
