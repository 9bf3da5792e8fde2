#pragma once
// Image files to RGB pixels, by libjpeg-turbo, libpng, libwebp and libtiff; BMP and PNM by code of
// the project's own.

#include <imgcls/image/image.h>

#include <cstddef>
#include <span>
#include <string_view>

namespace imgcls::data {

/// Images whose header claims more pixels are refused, before memory is taken.
inline constexpr std::size_t kMaxPixels = std::size_t{1} << 28;

/// Decodes an image file in memory. The format is recognized by its first bytes, not by its name.
/// Grey, CMYK and YCCK, 16-bit, palette and alpha images become 8-bit RGB as Pillow's
/// convert("RGB") makes them (but 16-bit grey keeps its upper byte, where Pillow makes all above
/// 255 white); of several images in a file the first is read. As with torchvision, EXIF's
/// orientation is ignored and a TIFF's own is followed. Throws DataError naming `name` and the
/// reason: a truncated or corrupt file, a format that is not read, more pixels than `max_pixels`.
void decode(std::span<const std::byte> file, std::string_view name, Image& image,
            std::size_t max_pixels = kMaxPixels);

/// The same as grey of 16 bits (Image::bits). PNG, TIFF and PGM keep all bits of grey samples, as
/// Pillow's mode I;16 has them, fewer than 16 scaled to 65535; of 16-bit colours the luma is taken
/// with 16 bits. Other files are of 8 bits: what `decode` makes of them, their luma times 257.
void decode_grey16(std::span<const std::byte> file, std::string_view name, Image& image,
                   std::size_t max_pixels = kMaxPixels);

}  // namespace imgcls::data
