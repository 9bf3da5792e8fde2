#pragma once
// Places where the decoding of a JPEG may start: the decoder's state before each row of MCUs. A
// crop then costs no decoding of the rows above it, nor of what lies to its right. The index of a
// data set keeps them (data/index.h); 10 bytes a row, 0.3 % of a photograph.

#include <imgcls/image/jpeg/scan.h>

#include <cstddef>
#include <span>
#include <vector>

namespace imgcls::data {

/// The checkpoints of a JPEG file, as bytes to be kept: a version (1), the number of components (1
/// or 3), the number of rows (16 bits), and for each row where in the file its bits begin (32 bits,
/// in bits) and the components' DC predictors (16 bits each); little-endian. Empty where the file
/// is not one that BaselineDecoder decodes from its first MCU to its last, or is of 2^29 bytes or
/// more.
std::vector<std::byte> make_jpeg_checkpoints(std::span<const std::byte> file);

/// Checkpoints as bytes, read. Internal to imgcls::data.
class JpegCheckpoints {
 public:
  /// None where `bytes` does not fit a file of `frame`.
  JpegCheckpoints(std::span<const std::byte> bytes, const JpegFrame& frame);

  explicit operator bool() const { return !bytes_.empty(); }  ///< whether there are any
  /// The state before row `row` of MCUs.
  ScanState row(int row) const;

 private:
  std::span<const std::byte> bytes_;
  std::size_t components_ = 0;
};

}  // namespace imgcls::data
