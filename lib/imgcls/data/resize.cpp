#include <imgcls/data/transform.h>

#include <opencv2/imgproc.hpp>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>
#include <vector>

namespace imgcls::data {
namespace {

// Weights are fixed-point numbers with this many fractional bits: 32 less 8 for a pixel and 2
// spare.
constexpr int kFractionBits = 22;
constexpr std::int32_t kHalf = 1 << (kFractionBits - 1);

/// For each output pixel of one direction: the input pixels it is made of, and their weights.
struct Filter {
  struct Span {
    int first = 0;
    int count = 0;
  };
  int stride = 0;  // weights kept for an output pixel
  std::vector<Span> spans;
  std::vector<std::int32_t> weights;
};

// Pillow's rounding, not std::lround's: its bits are the aim.
int round_half_up(double value) {
  return static_cast<int>(value + 0.5);  // NOLINT(bugprone-incorrect-roundings)
}

// Outputs `begin` to `end` of `out` pixels made from `in` pixels: a triangle as wide as two pixels
// of the coarser grid, cut at the edges. The arithmetic is Pillow's, operation by operation.
Filter make_filter(int in, int out, int begin, int end) {
  const double scale = static_cast<double>(in) / out;
  const double support = std::max(scale, 1.0);
  const double inverse = 1.0 / support;
  Filter filter;
  filter.stride = static_cast<int>(std::ceil(support)) * 2 + 1;
  filter.spans.resize(static_cast<std::size_t>(end - begin));
  filter.weights.resize(filter.spans.size() * static_cast<std::size_t>(filter.stride));
  std::vector<double> exact(static_cast<std::size_t>(filter.stride));
  std::int32_t* weights = filter.weights.data();
  for (int i = begin; i < end; ++i, weights += filter.stride) {
    const double center = (i + 0.5) * scale;
    const int first = std::max(0, round_half_up(center - support));
    const int count = std::min(in, round_half_up(center + support)) - first;
    double sum = 0.0;
    for (int k = 0; k < count; ++k) {
      const double distance = std::abs((k + first - center + 0.5) * inverse);
      exact[static_cast<std::size_t>(k)] = distance < 1.0 ? 1.0 - distance : 0.0;
      sum += exact[static_cast<std::size_t>(k)];
    }
    for (int k = 0; k < count; ++k) {
      const double weight = exact[static_cast<std::size_t>(k)] / sum;
      weights[k] = round_half_up(weight * (1 << kFractionBits));
    }
    filter.spans[static_cast<std::size_t>(i - begin)] = {first, count};
  }
  return filter;
}

// Weights are not negative and add up to one, give or take rounding: only the top needs a limit.
std::uint8_t to_pixel(std::int32_t sum) {
  return static_cast<std::uint8_t>(std::min(sum >> kFractionBits, 255));
}

/// Rows of RGB pixels that belong to someone else.
struct View {
  const std::uint8_t* pixels;
  std::size_t stride;  // bytes from row to row
  const std::uint8_t* row(int y) const { return pixels + static_cast<std::size_t>(y) * stride; }
};

void resize_row(const std::uint8_t* in, const Filter& filter, std::uint8_t* out) {
  const std::int32_t* weights = filter.weights.data();
  for (const auto [first, count] : filter.spans) {
    const std::uint8_t* pixel = in + 3 * static_cast<std::ptrdiff_t>(first);
    std::int32_t red = kHalf, green = kHalf, blue = kHalf;
    for (int k = 0; k < count; ++k, pixel += 3) {
      red += weights[k] * pixel[0];
      green += weights[k] * pixel[1];
      blue += weights[k] * pixel[2];
    }
    out[0] = to_pixel(red);
    out[1] = to_pixel(green);
    out[2] = to_pixel(blue);
    out += 3;
    weights += filter.stride;
  }
}

// `row0` is the number of the first row of `in` in the coordinates of the filter.
void resize_columns(View in, int row0, const Filter& filter, std::size_t row_bytes,
                    std::uint8_t* out) {
  std::vector<std::int32_t> sums(row_bytes);
  const std::int32_t* weights = filter.weights.data();
  for (const auto [first, count] : filter.spans) {
    std::fill(sums.begin(), sums.end(), kHalf);
    for (int k = 0; k < count; ++k) {
      const std::uint8_t* row = in.row(first - row0 + k);
      const std::int32_t weight = weights[k];
      for (std::size_t x = 0; x < row_bytes; ++x) sums[x] += weight * row[x];
    }
    for (std::size_t x = 0; x < row_bytes; ++x) out[x] = to_pixel(sums[x]);
    out += row_bytes;
    weights += filter.stride;
  }
}

// Horizontal pass first, with 8-bit results, then vertical; a direction that keeps its size has
// none.
void resize_antialiased(View in, Size in_size, Size size, Rect window, std::uint8_t* out) {
  const std::size_t row_bytes = static_cast<std::size_t>(window.width) * 3;
  const bool vertical = in_size.height != size.height;
  int row0 = window.y, row1 = window.y + window.height;
  Filter down;
  if (vertical) {
    down = make_filter(in_size.height, size.height, row0, row1);
    row0 = down.spans.front().first;
    row1 = down.spans.back().first + down.spans.back().count;
  }

  View across_view{in.row(row0) + 3 * static_cast<std::size_t>(window.x), in.stride};
  std::unique_ptr<std::uint8_t[]> across_pixels;
  if (in_size.width != size.width) {
    const Filter across = make_filter(in_size.width, size.width, window.x, window.x + window.width);
    std::uint8_t* target = out;
    if (vertical) {
      across_pixels = std::make_unique_for_overwrite<std::uint8_t[]>(
          row_bytes * static_cast<std::size_t>(row1 - row0));
      target = across_pixels.get();
    }
    for (int y = row0; y < row1; ++y) {
      resize_row(in.row(y), across, target + static_cast<std::size_t>(y - row0) * row_bytes);
    }
    if (!vertical) return;
    across_view = {target, row_bytes};
  }

  if (vertical) {
    resize_columns(across_view, row0, down, row_bytes, out);
  } else {
    for (int y = 0; y < window.height; ++y) {
      std::memcpy(out + static_cast<std::size_t>(y) * row_bytes, across_view.row(y), row_bytes);
    }
  }
}

cv::Mat as_mat(std::uint8_t* pixels, Size size, std::size_t stride = cv::Mat::AUTO_STEP) {
  return {size.height, size.width, CV_8UC3, pixels, stride};
}

void resize_opencv(View in, Size in_size, Size size, Rect window, std::uint8_t* out) {
  // OpenCV has no read-only matrix; this one is only read.
  const cv::Mat source = as_mat(const_cast<std::uint8_t*>(in.pixels), in_size, in.stride);
  cv::Mat target = as_mat(out, {window.width, window.height});
  const cv::Size full(size.width, size.height);
  if (window == Rect{0, 0, size.width, size.height}) {
    cv::resize(source, target, full, 0, 0, cv::INTER_LINEAR);
    return;
  }
  cv::Mat resized;
  cv::resize(source, resized, full, 0, 0, cv::INTER_LINEAR);
  resized(cv::Rect(window.x, window.y, window.width, window.height)).copyTo(target);
}

}  // namespace

void resize(const Image& image, Rect region, Size size, Rect window, Interpolation interpolation,
            std::span<std::uint8_t> output) {
  const View in{image.row(region.y) + 3 * static_cast<std::size_t>(region.x),
                static_cast<std::size_t>(image.size.width) * 3};
  const Size in_size{region.width, region.height};
  if (interpolation == Interpolation::bilinear) {
    resize_antialiased(in, in_size, size, window, output.data());
  } else {
    resize_opencv(in, in_size, size, window, output.data());
  }
}

}  // namespace imgcls::data
