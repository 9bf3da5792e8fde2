#pragma once
// Mean and standard deviation of the channels of many images.

#include <imgcls/image/image.h>

#include <array>
#include <cstdint>

namespace imgcls::data {

/// A number for each of red, green and blue.
using Channels = std::array<double, 3>;

/// Sums over images, each of which counts as much as any other, whatever its size: as if all were
/// resized to one size before their pixels are taken together. In whole numbers, so that the order
/// in which images are added, or sums of several threads, changes no bit.
class ChannelSums {
 public:
  /// `image` has at least one pixel.
  void add(const Image& image);
  void add(const ChannelSums& sums);  ///< adds what another one has summed

  /// Of values from 0 to 1, as data.mean is; 0 without an image.
  Channels mean() const;
  /// Of all pixels about `mean`, as data.std is: the variance divides by their number.
  Channels std() const;

 private:
  std::uint64_t images_ = 0;
  std::array<std::uint64_t, 3> means_{};    // of each image, in 2^-24
  std::array<std::uint64_t, 3> squares_{};  // means of the values' squares, in 2^-16
};

}  // namespace imgcls::data
