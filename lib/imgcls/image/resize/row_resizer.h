#pragma once
// Resizes while the image is being decoded: rows go in as they come, and come out resized where
// they belong, so that all of it happens in the processor's caches. Internal to imgcls::data.
//
// The bits are those of Pillow 13's Image.resize: filters of filter.h, sums of integers, 8
// bits between the two passes, and its rule of which pass comes first. One row is needed at a time
// where the pass across comes first, whose results wait in a ring until the pass down has all it
// needs of them; where the pass down comes first, the rows themselves wait.

#include <imgcls/image/image.h>
#include <imgcls/image/resize/filter.h>
#include <imgcls/image/resize/interpolation.h>
#include <imgcls/image/resize/kernels.h>
#include <imgcls/image/resize/tables.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace imgcls::data {

/// Columns or rows [begin, end) of an image.
struct Interval {
  int begin = 0;
  int end = 0;
  int size() const { return end - begin; }
  friend bool operator==(const Interval&, const Interval&) = default;
};

/// Whether the pass down comes before the pass across: where the height shrinks by more than twice
/// as many pixels as the width. Pillow 13's rule; older versions go across first whatever the
/// sizes.
bool goes_down_first(Size in, Size size);

/// Resizes an image that arrives row by row. Keeps its memory from one image to the next: one
/// object for each thread.
class RowResizer {
 public:
  /// `instruction_set` must be available; the bits do not depend on it.
  explicit RowResizer(InstructionSet instruction_set = best_instruction_set())
      : kernels_(resize_kernels(instruction_set)) {}

  /// Begins with an image of size `in` that is resized to `size`, of which the part `window` is
  /// kept (not empty, and within), mirrored if `flip` says so. The result goes into `output`:
  /// uint8, window.height x window.width x 3, which is kept by reference until the last row was
  /// pushed. `interpolation` is bilinear or bicubic.
  void begin(Size in, Size size, Rect window, Interpolation interpolation, bool flip,
             std::span<std::uint8_t> output);

  /// The columns and rows of the input that matter: a window of the output needs only a part.
  Interval columns() const { return columns_; }
  Interval rows() const { return rows_; }

  /// The next `count` rows of rows(), `stride` bytes from one to the next: RGB, uint8, of each the
  /// pixels of columns(). Two rows and more at a time are faster than as many single ones (four
  /// with AVX-512). Nothing is read beyond the rows' ends.
  void push(const std::uint8_t* rows, int count = 1, std::size_t stride = 0);

  /// Whether all of rows() was pushed, and so the output is complete.
  bool done() const { return next_row_ == rows_.end; }

 private:
  void prepare_down(std::size_t row_bytes);
  void push_across_first(const std::uint8_t* rows, std::size_t stride, int count);
  void push_down_first(const std::uint8_t* rows, std::size_t stride, int count);
  void across(const std::uint8_t* in, std::size_t stride, std::uint8_t* const* out, int count);
  void down(std::uint8_t* out);
  bool next_is_ready() const;
  std::size_t slot(int row) const;
  std::uint8_t* output_row(int row) const;

  const ResizeKernels& kernels_;
  bool flip_ = false;
  bool down_first_ = false;
  bool has_across_ = false, has_down_ = false;  // a direction that keeps its size has no pass
  std::span<std::uint8_t> output_;
  int width_ = 0, height_ = 0;  // of the output
  Interval columns_, rows_;
  int next_row_ = 0, next_out_ = 0;  // the input row to come, the output row to make

  ResizeFilter across_filter_;
  AcrossTableMaker across_table_;
  bool vector_across_ = false;  // else across_portable

  ResizeFilter down_filter_;
  std::vector<WeightPair> down_weights_;  // down_pairs_ for each output row
  int down_pairs_ = 0;
  decltype(ResizeKernels::down) down_ = nullptr;

  // What the pass down reads: rows of row_bytes_, input row i in slot (i - rows_.begin) % slots_.
  std::vector<std::uint8_t> ring_;
  std::size_t slots_ = 0, row_bytes_ = 0;
  std::vector<std::uint8_t*> ring_rows_;  // all slots twice, so that rows in use follow each other

  std::vector<std::uint8_t> wide_;  // rows that the pass down made and the pass across waits for
  int wide_count_ = 0;
};

}  // namespace imgcls::data
