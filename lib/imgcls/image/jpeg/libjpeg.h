#pragma once
// JPEG to RGB by libjpeg-turbo: exact integer DCT and fancy upsampling, the choices of Pillow, so
// that pixels are the same bits. Internal to imgcls::data; `decode` is the public way in.

#include <imgcls/image/image.h>
#include <imgcls/image/row_sink.h>

#include <cstddef>
#include <span>
#include <string_view>

namespace imgcls::data {

/// A progressive JPEG with more scans than this is refused: each costs a pass over the whole image,
/// and a small file can hold thousands. Encoders write about ten.
inline constexpr int kMaxScans = 500;

/// Decodes a JPEG: grey, YCbCr, RGB, CMYK and YCCK (both read with Adobe's inverted values and
/// converted with Pillow's formula). Throws DataError naming `name` when the file is truncated or
/// corrupt, claims more than `max_pixels`, or has more than 8 bits a sample.
void decode_jpeg(std::span<const std::byte> file, std::string_view name, Image& image,
                 std::size_t max_pixels);

/// The size of a JPEG, from its headers. Throws DataError as decode_jpeg does, for more than
/// kMaxPixels.
Size jpeg_size(std::span<const std::byte> file, std::string_view name);

/// Decodes a part of a JPEG, to the pixels that decode_jpeg gives for it, into `sink`. Rows above
/// it are passed over and rows below it not looked at, where the file is sequential; a progressive
/// one is decoded down to the last row of the region. Throws DataError as decode_jpeg does.
void decode_jpeg_region(std::span<const std::byte> file, std::string_view name, Rect region,
                        RowSink& sink);

}  // namespace imgcls::data
