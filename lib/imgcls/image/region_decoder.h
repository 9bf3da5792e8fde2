#pragma once
// A part of an image file, row by row: the way from a sample's bytes to its crop. Internal to
// imgcls::data.

#include <imgcls/image/image.h>
#include <imgcls/image/jpeg/baseline.h>
#include <imgcls/image/row_sink.h>
#include <imgcls/image/work_times.h>

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace imgcls::data {

/// Decodes one file after the other, each pixel as `decode` gives it. JPEGs go through
/// BaselineDecoder or, where that cannot, through libjpeg-turbo's cropping and skipping; other
/// formats, and grey of 16 bits, are decoded whole. Keeps its memory from one image to the next.
class RegionDecoder {
 public:
  /// The size of the image in `file`, which is kept by reference, and which is to be decoded with
  /// `bits` (Image::bits). Throws DataError naming `name`.
  Size open(std::span<const std::byte> file, std::string_view name, int bits = 8);

  /// Decodes `region` of the open file into `sink`. `checkpoints`: of make_jpeg_checkpoints, or
  /// empty. Throws DataError for what is broken in the region or before it in the file; what
  /// follows it is not looked at.
  DecodedBy decode(Rect region, std::span<const std::byte> checkpoints, RowSink& sink);

 private:
  std::span<const std::byte> file_;
  std::string name_;
  bool by_parts_ = false;
  std::optional<JpegFrame> frame_;
  BaselineDecoder baseline_;
  /// Frees the memory of a large image.
  void release();

  Image whole_;
};

}  // namespace imgcls::data
