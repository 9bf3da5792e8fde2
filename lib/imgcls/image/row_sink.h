#pragma once
// Where decoders put an image's rows. Internal to imgcls::data.

#include <cstddef>
#include <cstdint>

namespace imgcls::data {

/// Bytes that a decoder or a sink keeps from one image to the next; a few data sets have single
/// photographs of 100 megapixels.
inline constexpr std::size_t kKeptBytes = std::size_t{32} << 20;

/// Takes the rows of a region of an image, from top to bottom, as they are decoded.
class RowSink {
 public:
  RowSink() = default;
  virtual ~RowSink() = default;
  RowSink(const RowSink&) = delete;
  RowSink& operator=(const RowSink&) = delete;

  /// Before the first row; once more where a decoder gives up and another one starts over.
  virtual void begin() = 0;
  /// The next `count` rows: RGB, uint8, `stride` bytes from row to row. They are the decoder's, and
  /// change when this returns.
  virtual void rows(const std::uint8_t* rgb, std::size_t stride, int count) = 0;
};

}  // namespace imgcls::data
