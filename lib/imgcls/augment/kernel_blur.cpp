#include <imgcls/augment/kernel_blur.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <vector>

namespace imgcls::data {
namespace {

std::vector<float> gaussian(int taps, float sigma) {
  std::vector<float> kernel;
  const float half = static_cast<float>(taps - 1) * 0.5F;
  double sum = 0;
  for (int i = 0; i < taps; ++i) {
    const float x = (static_cast<float>(i) - half) / sigma;
    kernel.push_back(static_cast<float>(std::exp(-0.5 * static_cast<double>(x * x))));
    sum += kernel.back();
  }
  for (float& weight : kernel) weight /= static_cast<float>(sum);
  return kernel;
}

int mirrored(int at, int size) {
  if (size == 1) return 0;
  const int period = 2 * (size - 1);
  at = std::abs(at) % period;
  return at < size ? at : period - at;
}

/// `out[i]` is the sum of weight k times `in[i + 3 k]`.
void blur_row(const std::vector<float>& kernel, const float* in, std::size_t values,
              float* __restrict out) {
  std::fill_n(out, values, 0.0F);
  for (const float weight : kernel) {
    for (std::size_t i = 0; i < values; ++i) out[i] += weight * in[i];
    in += 3;
  }
}

/// Rows as they are after the pass across, the last few of them.
class BlurredRows {
 public:
  BlurredRows(PixelCanvas& canvas, std::vector<float> kernel, int kept)
      : source_(canvas.copy()),
        size_(canvas.size()),
        kernel_(std::move(kernel)),
        rows_(static_cast<std::size_t>(kept), std::vector<float>(canvas.stride())),
        made_(static_cast<std::size_t>(kept), -1),
        wide_(canvas.stride() + 3 * (kernel_.size() - 1)) {}

  const float* row(int y) {
    const std::size_t place = static_cast<std::size_t>(y) % rows_.size();
    if (made_[place] != y) make(y, rows_[place]);
    made_[place] = y;
    return rows_[place].data();
  }

 private:
  void make(int y, std::vector<float>& row) {
    const int reach = static_cast<int>(kernel_.size() / 2);
    const std::uint8_t* in = source_ + static_cast<std::size_t>(y) * row.size();
    float* wide = wide_.data();
    for (int x = -reach; x < size_.width + reach; ++x) {
      const std::uint8_t* pixel = in + 3 * static_cast<std::ptrdiff_t>(mirrored(x, size_.width));
      for (int c = 0; c < 3; ++c) *wide++ = pixel[c];
    }
    blur_row(kernel_, wide_.data(), row.size(), row.data());
  }

  const std::uint8_t* source_;
  Size size_;
  std::vector<float> kernel_;
  std::vector<std::vector<float>> rows_;
  std::vector<int> made_;    // which row each of them is
  std::vector<float> wide_;  // a row with its mirrored ends
};

}  // namespace

void gaussian_blur(PixelCanvas& canvas, double sigma, const PixelSettings& settings) {
  if (sigma == 0) return;
  const auto taps = [&](std::size_t i) {
    return std::max(1, static_cast<int>(settings.numbers[i]));
  };
  const auto width = static_cast<float>(sigma);
  const std::vector<float> down = gaussian(taps(1), width);
  const int height = canvas.size().height, reach = taps(1) / 2;
  BlurredRows rows(canvas, gaussian(taps(0), width), std::min(height, taps(1)));
  std::vector<float> sums(canvas.stride());
  std::uint8_t* out = canvas.pixels().data();
  for (int y = 0; y < height; ++y, out += sums.size()) {
    std::fill(sums.begin(), sums.end(), 0.0F);
    for (int k = 0; k < taps(1); ++k) {
      const float weight = down[static_cast<std::size_t>(k)];
      const float* row = rows.row(mirrored(y + k - reach, height));
      for (std::size_t i = 0; i < sums.size(); ++i) sums[i] += weight * row[i];
    }
    for (std::size_t i = 0; i < sums.size(); ++i) {
      out[i] = static_cast<std::uint8_t>(std::clamp(std::nearbyint(sums[i]), 0.0F, 255.0F));
    }
  }
}

}  // namespace imgcls::data
