#pragma once
// Which images an epoch of training has, and in which order: all of them, as many of each class,
// several times each, or a part.
//
// Epochs are cut from one endless sequence, in which all images come once before any comes again
// (of its class, where classes are balanced). So epochs that are shorter or longer than the data
// still see all images equally often.

#include <imgcls/data/source.h>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace imgcls::data {

/// What comes equally often.
enum class Sampler {
  all,       ///< each image as often as any other
  balanced,  ///< each class as often as any other, however few images it has
};

/// Which images an epoch has, and how often.
struct SamplingOptions {
  Sampler by = Sampler::all;  ///< what comes equally often
  /// Images of an epoch, repetitions included; 0: as many as the source has.
  std::size_t epoch_size = 0;
  /// How often an image that is drawn comes, each time augmented anew: repeated augmentation
  /// (Hoffer et al., arXiv:1901.09335; Berman et al., arXiv:1902.05509), as torchvision's and
  /// timm's samplers do it. All lie in one batch, or in two that follow each other.
  int repeats = 1;

  /// Of an epoch, of a source with so many samples.
  std::size_t images(std::size_t samples) const { return epoch_size > 0 ? epoch_size : samples; }
};

/// An epoch's samples, one behind the other.
struct Order {
  std::vector<std::uint32_t> samples;  ///< numbers in the source
  /// How often each was there before in the epoch; empty: never. It makes the random numbers of its
  /// augmentation others.
  std::vector<std::uint32_t> turns = {};
};

/// The order of `epoch`, which is cut into batches of `batch` images. A batch has its images' first
/// turns first, so that neighbours are different images. Throws DataError for 2^32 samples and
/// more.
Order epoch_order(const Source& source, const SamplingOptions& options, std::size_t batch,
                  std::uint64_t seed, std::uint32_t epoch);

}  // namespace imgcls::data
