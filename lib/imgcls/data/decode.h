#pragma once
// Image files to RGB pixels. JPEG by libjpeg-turbo, the rest (PNG, BMP, WebP, TIFF, ...) by OpenCV,
// which a build with IMGCLS_IMGCODECS=OFF leaves out.

#include <imgcls/data/image.h>

#include <cstddef>
#include <span>
#include <string_view>

namespace imgcls::data {

/// Refuses images whose header claims more than this many pixels, before memory is taken.
inline constexpr std::size_t kMaxPixels = std::size_t{1} << 28;

/// Decodes an image file in memory. The format is recognised by its first bytes, not by its name.
/// Grey, CMYK and YCCK, 16-bit and alpha images become 8-bit RGB as Pillow's convert("RGB") makes
/// them (16-bit samples keep their upper byte); EXIF orientation is ignored, as torchvision does.
/// Throws DataError naming `name` and the reason: a truncated or corrupt file, an unknown format,
/// too many pixels; one that is no JPEG where IMGCLS_IMGCODECS was OFF.
void decode(std::span<const std::byte> file, std::string_view name, Image& image);

}  // namespace imgcls::data
