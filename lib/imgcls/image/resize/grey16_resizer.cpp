// Compiled without contraction of a * b + c, which would change the sums' last bits.
#include <imgcls/image/grey16.h>
#include <imgcls/image/resize/filter.h>
#include <imgcls/image/resize/grey16_resizer.h>
#include <imgcls/image/resize/row_resizer.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

namespace imgcls::data {
namespace {

/// Values of a part of an image, row by row.
struct Plane {
  Interval columns, rows;
  std::vector<std::uint16_t> values;

  Plane(Interval columns_, Interval rows_)
      : columns(columns_),
        rows(rows_),
        values(static_cast<std::size_t>(columns.size()) * static_cast<std::size_t>(rows.size())) {}

  std::uint16_t* at(int x, int y) {
    return values.data() + static_cast<std::ptrdiff_t>(y - rows.begin) * columns.size() +
           (x - columns.begin);
  }
  const std::uint16_t* at(int x, int y) const { return const_cast<Plane*>(this)->at(x, y); }
};

/// A direction: what of the output is kept, and the filter that makes it where the length changes.
struct Pass {
  Interval kept, needed;
  bool has_filter;
  ExactResizeFilter filter;

  Pass(int in, int out, Interval kept_, Interpolation interpolation)
      : kept(kept_), needed(kept_), has_filter(in != out) {
    if (!has_filter) return;
    filter.make(in, out, kept.begin, kept.end, interpolation);
    needed = {filter.taps.front().first, filter.taps.back().end()};
  }
};

std::uint16_t rounded(double sum) {
  return static_cast<std::uint16_t>(std::clamp(std::floor(sum + 0.5), 0.0, 65535.0));
}

Plane across(const Plane& in, const Pass& pass) {
  if (!pass.has_filter) return in;
  Plane out(pass.kept, in.rows);
  for (int y = in.rows.begin; y < in.rows.end; ++y) {
    std::uint16_t* value = out.at(pass.kept.begin, y);
    for (std::size_t i = 0; i < pass.filter.taps.size(); ++i) {
      const auto taps = pass.filter.taps[i];
      const double* weights = pass.filter.weights_of(i);
      const std::uint16_t* row = in.at(taps.first, y);
      double sum = 0;
      for (int k = 0; k < taps.count; ++k) sum += row[k] * weights[k];
      *value++ = rounded(sum);
    }
  }
  return out;
}

Plane down(const Plane& in, const Pass& pass) {
  if (!pass.has_filter) return in;
  Plane out(in.columns, pass.kept);
  const auto width = static_cast<std::size_t>(in.columns.size());
  std::vector<double> sums(width);
  for (std::size_t i = 0; i < pass.filter.taps.size(); ++i) {
    const auto taps = pass.filter.taps[i];
    std::fill(sums.begin(), sums.end(), 0.0);
    for (int k = 0; k < taps.count; ++k) {
      const double weight = pass.filter.weights_of(i)[k];
      const std::uint16_t* row = in.at(in.columns.begin, taps.first + k);
      for (std::size_t x = 0; x < width; ++x) sums[x] += row[x] * weight;
    }
    std::transform(sums.begin(), sums.end(),
                   out.at(in.columns.begin, pass.kept.begin + static_cast<int>(i)), rounded);
  }
  return out;
}

Plane read(const Image& image, Rect region, Interval columns, Interval rows) {
  Plane plane(columns, rows);
  std::uint16_t* value = plane.values.data();
  for (int y = rows.begin; y < rows.end; ++y) {
    const std::uint8_t* pixel =
        image.row(region.y + y) + 3 * static_cast<std::ptrdiff_t>(region.x + columns.begin);
    for (int x = 0; x < columns.size(); ++x, pixel += 3) *value++ = grey16(pixel);
  }
  return plane;
}

}  // namespace

void resize_grey16(const Image& image, Rect region, Size size, Rect window,
                   Interpolation interpolation, std::span<std::uint8_t> output) {
  const Pass x(region.width, size.width, {window.x, window.x + window.width}, interpolation);
  const Pass y(region.height, size.height, {window.y, window.y + window.height}, interpolation);
  const Plane whole = read(image, region, x.needed, y.needed);
  const bool is_down_first = goes_down_first({region.width, region.height}, size);
  const Plane made = is_down_first ? across(down(whole, y), x) : down(across(whole, x), y);
  std::uint8_t* pixel = output.data();
  for (const std::uint16_t value : made.values) {
    set_grey16(pixel, value);
    pixel += 3;
  }
}

}  // namespace imgcls::data
