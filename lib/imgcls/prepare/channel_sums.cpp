#include <imgcls/prepare/channel_sums.h>

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace imgcls::data {
namespace {

// A mean is below 2^8 and one of squares below 2^16: sums of 2^32 images fit into 64 bits.
constexpr int kMeanBits = 24, kSquareBits = 16;

}  // namespace

void ChannelSums::add(const Image& image) {
  std::array<std::uint64_t, 3> sums{}, squares{};
  for (std::size_t i = 0; i < image.pixels.size(); i += 3) {
    for (std::size_t c = 0; c < 3; ++c) {
      const std::uint32_t value = image.pixels[i + c];
      sums[c] += value;
      squares[c] += std::uint64_t{value * value};
    }
  }
  const std::uint64_t pixels = image.pixels.size() / 3;
  for (std::size_t c = 0; c < 3; ++c) {
    means_[c] += (sums[c] << kMeanBits) / pixels;
    squares_[c] += (squares[c] << kSquareBits) / pixels;
  }
  ++images_;
}

void ChannelSums::add(const ChannelSums& sums) {
  images_ += sums.images_;
  for (std::size_t c = 0; c < 3; ++c) {
    means_[c] += sums.means_[c];
    squares_[c] += sums.squares_[c];
  }
}

Channels ChannelSums::mean() const {
  Channels mean{};
  if (images_ == 0) return mean;
  const auto count = static_cast<double>(images_);
  for (std::size_t c = 0; c < 3; ++c) {
    mean[c] = std::ldexp(static_cast<double>(means_[c]) / count, -kMeanBits) / 255;
  }
  return mean;
}

Channels ChannelSums::std() const {
  Channels deviation = mean();
  if (images_ == 0) return deviation;
  const auto count = static_cast<double>(images_);
  for (std::size_t c = 0; c < 3; ++c) {
    const double square =
        std::ldexp(static_cast<double>(squares_[c]) / count, -kSquareBits) / (255 * 255);
    deviation[c] = std::sqrt(std::max(0.0, square - deviation[c] * deviation[c]));
  }
  return deviation;
}

}  // namespace imgcls::data
