// The loops of affine and projective transforms, as pixel_loops.h has the others, which includes
// this file. Internal to imgcls::data.

#include <imgcls/augment/sampling_places.h>

namespace imgcls::data {
namespace {

inline int kept_within(int at, int size) {
  return at < 0 ? 0 : at < size ? at : size - 1;
}

void nearest_row(const TransformSource& source, const double* m, int row, const Byte fill[3],
                 Byte* out) {
  Places places;
  const auto pixel = [&](int k, int lane, Byte* to) {
    const auto y = static_cast<std::size_t>(places.row[k][lane]);
    const auto x = static_cast<std::size_t>(places.column[k][lane]);
    __builtin_memcpy(to, source.pixels + y * source.stride + 3 * x, 3);
  };
  each_place<PlaceKind::within>(
      source, m, row, fill, out, places, [] {}, pixel);
}

void bilinear_row(const TransformSource& source, const double* m, int row, const Byte fill[3],
                  Byte* out) {
  Places places;
  FourInts left[kAhead / 4], right[kAhead / 4];   // columns, kept within the source
  FourInts upper[kAhead / 4], lower[kAhead / 4];  // rows, likewise
  const auto keep = [](const FourInts& at, int size, FourInts& first, FourInts& second) {
    const FourInts begin{}, last = begin + (size - 1), behind = at + 1;
    first = at < begin ? begin : at;
    first = first < last ? first : last;
    second = behind < last ? behind : last;
  };
  const auto prepare = [&] {
    for (int k = 0; k < kAhead / 4; ++k) {
      keep(places.column[k], source.width, left[k], right[k]);
      keep(places.row[k], source.height, upper[k], lower[k]);
    }
  };
  const auto across_at = [&](int k, int lane, const FourInts* rows, Four& mixed) {
    const Byte* in = source.pixels + static_cast<std::size_t>(rows[k][lane]) * source.stride;
    Four a, b;
    load_pixel(in + 3 * static_cast<std::size_t>(left[k][lane]), a);
    load_pixel(in + 3 * static_cast<std::size_t>(right[k][lane]), b);
    mixed = a + (b - a) * places.across[k][lane];
  };
  const auto pixel = [&](int k, int lane, Byte* to) {
    Four mixed;
    across_at(k, lane, upper, mixed);
    const double down = places.down[k][lane];
    if (down != 0) {  // not where rows come from rows (shear_x)
      Four below;
      across_at(k, lane, lower, below);
      mixed = mixed + (below - mixed) * down;
    }
    store_pixel(mixed, to);
  };
  each_place<PlaceKind::between>(source, m, row, fill, out, places, prepare, pixel);
}

// Pillow's four-point formula, v1 + d (p2 + d (p3 + d p4)), in its order.
inline void cubic_at(const Four& v1, const Four& p2, const Four& p3, const Four& p4, double d,
                     Four& made) {
  made = v1 + d * (p2 + d * (p3 + d * p4));
}

// Of four pixels of a row, so many bytes from `in`. Sums of bytes are exact, so that they are made
// of whole numbers.
inline void cubic_across(const Byte* in, const std::size_t columns[4], double d, Four& made) {
  FourInts v[4];
  for (int i = 0; i < 4; ++i) load_pixel(in + columns[i], v[i]);
  const FourInts change = v[0] - v[1];
  Four v1, p2, p3, p4;
  to_double(v[1], v1);
  to_double(v[2] - v[0], p2);
  to_double(change + change + v[2] - v[3], p3);
  to_double(v[3] - v[2] - change, p4);
  cubic_at(v1, p2, p3, p4, d, made);
}

inline void cubic_down(const Four v[4], double d, Four& made) {
  cubic_at(v[1], -v[0] + v[2], 2.0 * (v[0] - v[1]) + v[2] - v[3], -v[0] + v[1] - v[2] + v[3], d,
           made);
}

// Near an edge, where pixels are taken more than once.
inline void cubic_at_edge(const TransformSource& source, int column, int row, double across,
                          Four v[4]) {
  std::size_t columns[4];
  for (int i = 0; i < 4; ++i) {
    columns[i] = 3 * static_cast<std::size_t>(kept_within(column + i, source.width));
  }
  for (int i = 0; i < 4; ++i) {
    const auto y = static_cast<std::size_t>(kept_within(row + i, source.height));
    cubic_across(source.pixels + y * source.stride, columns, across, v[i]);
  }
}

void bicubic_row(const TransformSource& source, const double* m, int row, const Byte fill[3],
                 Byte* out) {
  Places places;
  constexpr std::size_t kNeighbours[4]{0, 3, 6, 9};
  const auto last_column = static_cast<unsigned>(source.width - 4);
  const auto last_row = static_cast<unsigned>(source.height - 4);
  const bool has_middle = source.width >= 4 && source.height >= 4;
  const auto pixel = [&](int k, int lane, Byte* to) {
    const int column = places.column[k][lane] - 1, first = places.row[k][lane] - 1;
    const double across = places.across[k][lane];
    Four v[4], made;
    if (has_middle && static_cast<unsigned>(column) <= last_column &&
        static_cast<unsigned>(first) <= last_row) {
      const Byte* in = source.pixels + static_cast<std::size_t>(first) * source.stride +
                       3 * static_cast<std::size_t>(column);
      for (int i = 0; i < 4; ++i, in += source.stride) cubic_across(in, kNeighbours, across, v[i]);
    } else {
      cubic_at_edge(source, column, first, across, v);
    }
    cubic_down(v, places.down[k][lane], made);
    store_pixel(made, to);
  };
  each_place<PlaceKind::between>(
      source, m, row, fill, out, places, [] {}, pixel);
}

}  // namespace
}  // namespace imgcls::data
