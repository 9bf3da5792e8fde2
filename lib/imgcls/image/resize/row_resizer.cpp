#include <imgcls/image/resize/row_resizer.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace imgcls::data {
namespace {

constexpr std::size_t kMaxRows = 4;  // that a kernel makes at a time

// Memory kept from one image to the next; beyond it are only the strangest of shapes.
constexpr std::size_t kKeptBytes = std::size_t{16} << 20;

Interval extent(const ResizeFilter& filter) {
  // Neither begins nor ends of taps ever go backwards.
  return {filter.taps.front().first, filter.taps.back().end()};
}

void release_if_large(std::vector<std::uint8_t>& memory) {
  if (memory.capacity() > kKeptBytes) memory = {};
}

void copy_pixels(const std::uint8_t* in, int count, bool flip, std::uint8_t* out) {
  if (!flip) {
    std::memcpy(out, in, static_cast<std::size_t>(count) * 3);
    return;
  }
  for (const std::uint8_t* pixel = in + 3 * static_cast<std::ptrdiff_t>(count); pixel != in;
       out += 3) {
    pixel -= 3;
    std::memcpy(out, pixel, 3);
  }
}

}  // namespace

bool goes_down_first(Size in, Size size) {
  const std::int64_t lost_rows = std::int64_t{in.height} - size.height;
  const std::int64_t lost_columns = std::int64_t{in.width} - size.width;
  return lost_rows > 0 && lost_rows > 2 * lost_columns;
}

void RowResizer::begin(Size in, Size size, Rect window, Interpolation interpolation, bool flip,
                       std::span<std::uint8_t> output) {
  flip_ = flip;
  output_ = output;
  width_ = window.width;
  height_ = window.height;
  has_across_ = in.width != size.width;
  has_down_ = in.height != size.height;
  down_first_ = goes_down_first(in, size);

  columns_ = {window.x, window.x + window.width};
  rows_ = {window.y, window.y + window.height};
  if (has_across_) {
    across_filter_.make(in.width, size.width, columns_.begin, columns_.end, interpolation);
    columns_ = extent(across_filter_);
    vector_across_ = kernels_.across != nullptr &&
                     across_table_.make(across_filter_, columns_.begin, columns_.size(), flip);
  }
  if (has_down_) {
    down_filter_.make(in.height, size.height, rows_.begin, rows_.end, interpolation);
    rows_ = extent(down_filter_);
    prepare_down(static_cast<std::size_t>(3) * (down_first_ ? columns_.size() : width_));
  }
  next_row_ = rows_.begin;
  next_out_ = 0;
  wide_count_ = 0;
}

void RowResizer::prepare_down(std::size_t row_bytes) {
  down_pairs_ = pairs_of(down_filter_);
  down_weights_.resize(down_filter_.taps.size() * static_cast<std::size_t>(down_pairs_));
  for (std::size_t i = 0; i < down_filter_.taps.size(); ++i) {
    pack_weights(down_filter_.weights_of(i), down_filter_.taps[i].count, 0, down_pairs_,
                 down_weights_.data() + i * static_cast<std::size_t>(down_pairs_));
  }
  row_bytes_ = row_bytes;
  down_ = row_bytes >= kernels_.min_bytes ? kernels_.down
                                          : resize_kernels(InstructionSet::portable).down;

  // A row waits for at most max_count - 1 others, and up to kMaxRows come at once.
  slots_ = static_cast<std::size_t>(down_filter_.max_count) + kMaxRows;
  release_if_large(ring_);
  ring_.resize(slots_ * row_bytes);
  ring_rows_.resize(2 * slots_ + 1);
  for (std::size_t i = 0; i < ring_rows_.size(); ++i) {
    ring_rows_[i] = ring_.data() + i % slots_ * row_bytes;
  }
  if (down_first_ && has_across_) {
    release_if_large(wide_);
    wide_.resize(kMaxRows * row_bytes);
  }
}

std::uint8_t* RowResizer::output_row(int row) const {
  return output_.data() + static_cast<std::size_t>(row) * static_cast<std::size_t>(width_) * 3;
}

std::size_t RowResizer::slot(int row) const {
  return static_cast<std::size_t>(row - rows_.begin) % slots_;
}

bool RowResizer::next_is_ready() const {
  return next_out_ < height_ &&
         down_filter_.taps[static_cast<std::size_t>(next_out_)].end() <= next_row_;
}

void RowResizer::across(const std::uint8_t* in, std::size_t stride, std::uint8_t* const* out,
                        int count) {
  if (!has_across_) {
    for (int i = 0; i < count; ++i) {
      copy_pixels(in + static_cast<std::size_t>(i) * stride, width_, flip_, out[i]);
    }
  } else if (!vector_across_) {
    for (int i = 0; i < count; ++i) {
      across_portable(across_filter_, columns_.begin, flip_,
                      in + static_cast<std::size_t>(i) * stride, out[i]);
    }
  } else {
    std::array<const std::uint8_t*, kMaxRows> ins;
    std::array<std::uint8_t*, kMaxRows> outs;
    for (int i = 0; i < kernels_.rows; ++i) {
      const int row = std::min(i, count - 1);
      ins[static_cast<std::size_t>(i)] = in + static_cast<std::size_t>(row) * stride;
      outs[static_cast<std::size_t>(i)] = out[row];
    }
    kernels_.across(across_table_.table(), ins.data(), outs.data());
  }
}

void RowResizer::down(std::uint8_t* out) {
  const auto taps = down_filter_.taps[static_cast<std::size_t>(next_out_)];
  down_(down_weights_.data() + static_cast<std::size_t>(next_out_ * down_pairs_),
        (taps.count + 1) / 2, ring_rows_.data() + slot(taps.first), row_bytes_, out);
  ++next_out_;
}

void RowResizer::push(const std::uint8_t* rows, int count, std::size_t stride) {
  const int group = std::max(kernels_.rows, 1);
  while (count > 0) {
    const int now = std::min(count, group);
    if (has_down_ && down_first_) {
      push_down_first(rows, stride, now);
    } else {
      push_across_first(rows, stride, now);
    }
    rows += static_cast<std::size_t>(now) * stride;
    count -= now;
  }
}

void RowResizer::push_across_first(const std::uint8_t* rows, std::size_t stride, int count) {
  std::array<std::uint8_t*, kMaxRows> out;
  for (int i = 0; i < count; ++i) {
    out[static_cast<std::size_t>(i)] =
        has_down_ ? ring_rows_[slot(next_row_ + i)] : output_row(next_row_ - rows_.begin + i);
  }
  across(rows, stride, out.data(), count);
  next_row_ += count;
  while (has_down_ && next_is_ready()) down(output_row(next_out_));
}

void RowResizer::push_down_first(const std::uint8_t* rows, std::size_t stride, int count) {
  for (int i = 0; i < count; ++i) {
    // Without a pass across there is no later place to mirror in.
    copy_pixels(rows + static_cast<std::size_t>(i) * stride, columns_.size(), flip_ && !has_across_,
                ring_rows_[slot(next_row_ + i)]);
  }
  next_row_ += count;
  while (next_is_ready()) {
    if (!has_across_) {
      down(output_row(next_out_));
      continue;
    }
    down(wide_.data() + static_cast<std::size_t>(wide_count_) * row_bytes_);
    ++wide_count_;
    if (wide_count_ == std::max(kernels_.rows, 1) || next_out_ == height_) {
      std::array<std::uint8_t*, kMaxRows> out;
      for (int i = 0; i < wide_count_; ++i) {
        out[static_cast<std::size_t>(i)] = output_row(next_out_ - wide_count_ + i);
      }
      across(wide_.data(), row_bytes_, out.data(), wide_count_);
      wide_count_ = 0;
    }
  }
}

}  // namespace imgcls::data
