#pragma once
// Counter-based random numbers: Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as
// 1, 2, 3", SC 2011). A number is a pure function of a key and a counter, so there is no state to
// save: the n-th number of sample s in epoch e is the same on every machine, thread and rank.

#include <array>
#include <cstdint>

namespace imgcls {

/// One block of Philox4x32-10: four 32-bit numbers for a 128-bit counter and a 64-bit key.
constexpr std::array<std::uint32_t, 4> philox4x32(std::array<std::uint32_t, 4> counter,
                                                  std::array<std::uint32_t, 2> key) {
  constexpr std::uint64_t kMul0 = 0xD2511F53, kMul1 = 0xCD9E8D57;
  constexpr std::uint32_t kWeyl0 = 0x9E3779B9, kWeyl1 = 0xBB67AE85;
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t p0 = kMul0 * counter[0], p1 = kMul1 * counter[2];
    counter = {
        static_cast<std::uint32_t>(p1 >> 32) ^ counter[1] ^ key[0], static_cast<std::uint32_t>(p1),
        static_cast<std::uint32_t>(p0 >> 32) ^ counter[3] ^ key[1], static_cast<std::uint32_t>(p0)};
    key = {key[0] + kWeyl0, key[1] + kWeyl1};
  }
  return counter;
}

/// What a stream of random numbers is for; streams of one sample never overlap.
enum class RandomStream : std::uint32_t {
  augment = 0,      ///< crop and flip
  shuffle = 1,      ///< the order of an epoch
  replacement = 2,  ///< the sample in place of one that cannot be read
  step = 3,         ///< the seed of what layers draw
  mix = 4,          ///< mixup, cutmix and their like
  erase = 5,        ///< random erasing
  policy = 6,       ///< operations on pixels
};

/// The random numbers of one (seed, epoch, sample, stream). Cheap to make; copy it at will.
class Random {
 public:
  /// Begins at the stream's first number. `sample` is below 2^61.
  constexpr Random(std::uint64_t seed, std::uint32_t epoch, std::uint64_t sample,
                   RandomStream stream)
      : key_{static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)},
        sample_low_(static_cast<std::uint32_t>(sample)),
        // 29 bits of the sample's upper half and 3 of the stream share a word: 2^61 samples.
        high_and_stream_(static_cast<std::uint32_t>(sample >> 32) << 3 |
                         static_cast<std::uint32_t>(stream)),
        epoch_(epoch) {}

  /// The next 32 random bits.
  constexpr std::uint32_t bits() {
    if (used_ == 4) {
      block_ = philox4x32({block_index_++, sample_low_, high_and_stream_, epoch_}, key_);
      used_ = 0;
    }
    return block_[used_++];
  }

  /// Uniform in [0, 1), with 53 random bits.
  constexpr double uniform() {
    const std::uint64_t high = bits(), low = bits();
    return static_cast<double>((high << 32 | low) >> 11) * 0x1.0p-53;
  }

  /// Uniform in [low, high).
  constexpr double uniform(double low, double high) { return low + (high - low) * uniform(); }

  /// Uniform integer in [0, n), without bias, for 0 < n < 2^63 (rejection over 64 random bits).
  constexpr std::uint64_t below(std::uint64_t n) {
    const std::uint64_t reject = (0 - n) % n;  // 2^64 mod n
    for (;;) {
      const std::uint64_t high = bits(), low = bits();
      const std::uint64_t value = high << 32 | low;
      if (value >= reject) return value % n;
    }
  }

 private:
  std::array<std::uint32_t, 2> key_;
  std::uint32_t sample_low_, high_and_stream_, epoch_;
  std::uint32_t block_index_ = 0;
  std::array<std::uint32_t, 4> block_{};
  int used_ = 4;
};

}  // namespace imgcls
