#pragma once
// Where the time of a loader's threads goes.

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace imgcls::data {

/// Which decoder an image's pixels came from.
enum class DecodedBy {
  checkpoints,  ///< imgcls' own for baseline JPEGs, from a checkpoint of the index
  baseline,     ///< the same, from the file's first bit
  libjpeg,      ///< libjpeg-turbo: progressive and unusual JPEGs, and broken ones
  other,        ///< OpenCV, for other formats
};

/// Seconds of work, summed over threads, and the images they made.
struct LoaderTimes {
  double read = 0;           ///< getting an image's bytes, or its pixels, from the source
  double decode = 0;         ///< bytes to pixels
  double resize = 0;         ///< pixels to the batch's: crop, resize, flip
  double busy = 0;           ///< all from claiming an image to its completion, the above included
  std::uint64_t images = 0;  ///< that were made
  /// Images by DecodedBy. Replaced ones count too; those that come as pixels do not.
  std::array<std::uint64_t, 4> decoded_by{};

  /// Adds each of the figures.
  LoaderTimes& operator+=(const LoaderTimes& other) {
    read += other.read;
    decode += other.decode;
    resize += other.resize;
    busy += other.busy;
    images += other.images;
    for (std::size_t i = 0; i < decoded_by.size(); ++i) decoded_by[i] += other.decoded_by[i];
    return *this;
  }
  /// Takes each of the figures away: what has passed since `other`.
  LoaderTimes& operator-=(const LoaderTimes& other) {
    read -= other.read;
    decode -= other.decode;
    resize -= other.resize;
    busy -= other.busy;
    images -= other.images;
    for (std::size_t i = 0; i < decoded_by.size(); ++i) decoded_by[i] -= other.decoded_by[i];
    return *this;
  }
};

/// Divides the time of one thread between kinds of work that follow each other, or take turns: each
/// `add_to` ends a stretch of one kind and begins the next. Costs one reading of the clock.
class LapClock {
 public:
  /// Adds the seconds since the last call, or since the clock was made.
  void add_to(double& seconds) {
    const auto now = Clock::now();
    seconds += std::chrono::duration<double>(now - last_).count();
    last_ = now;
  }

 private:
  using Clock = std::chrono::steady_clock;
  Clock::time_point last_ = Clock::now();
};

}  // namespace imgcls::data
