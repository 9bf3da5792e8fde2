#include <imgcls/augment/kernel_blur.h>
#include <imgcls/augment/pixel_kernels.h>

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

/// Rows as they are after the pass across, the last few of them.
class BlurredRows {
 public:
  BlurredRows(PixelCanvas& canvas, std::vector<float> kernel, int kept)
      : source_(canvas.copy()),
        size_(canvas.size()),
        kernel_(std::move(kernel)),
        rows_(static_cast<std::size_t>(kept), std::vector<float>(canvas.stride())),
        made_(static_cast<std::size_t>(kept), -1),
        wide_(canvas.stride() + 3 * (kernel_.size() - 1)) {
    for (std::size_t k = 0; k < kernel_.size(); ++k) shifted_.push_back(wide_.data() + 3 * k);
  }

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
    pixel_kernels(best_instruction_set())
        .weighted_sum(shifted_.data(), kernel_.data(), static_cast<int>(kernel_.size()), row.size(),
                      row.data());
  }

  const std::uint8_t* source_;
  Size size_;
  std::vector<float> kernel_;
  std::vector<std::vector<float>> rows_;
  std::vector<int> made_;              // which row each of them is
  std::vector<float> wide_;            // a row with its mirrored ends
  std::vector<const float*> shifted_;  // it, from each of the kernel's pixels on
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
  const PixelKernels& kernels = pixel_kernels(best_instruction_set());
  std::vector<float> sums(canvas.stride());
  std::vector<const float*> above(down.size());
  std::uint8_t* out = canvas.pixels().data();
  for (int y = 0; y < height; ++y, out += sums.size()) {
    for (int k = 0; k < taps(1); ++k) {
      above[static_cast<std::size_t>(k)] = rows.row(mirrored(y + k - reach, height));
    }
    kernels.weighted_sum(above.data(), down.data(), taps(1), sums.size(), sums.data());
    kernels.round_to_bytes(sums.data(), sums.size(), out);
  }
}

}  // namespace imgcls::data
