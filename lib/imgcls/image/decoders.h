#pragma once
// The decoders behind `decode` of files that are no JPEG. Internal to imgcls::data.

#include <imgcls/image/image.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace imgcls::data {

/// A file of an image, and what to call it in messages.
struct ImageFile {
  std::span<const std::byte> bytes;
  std::string_view name;
  std::size_t max_pixels;  ///< an image that claims more is refused
};

/// Each decodes a whole file, as `decode` describes it, and throws its DataError. The size that a
/// header claims is looked at before memory is taken for it.
void decode_png(const ImageFile& file, Image& image);
void decode_bmp(const ImageFile& file, Image& image);
void decode_webp(const ImageFile& file, Image& image);
void decode_pnm(const ImageFile& file, Image& image);
void decode_tiff(const ImageFile& file, Image& image);

/// The same as grey of 16 bits, of files with more than 8 bits a sample; false, with nothing made,
/// for others.
bool decode_png_grey16(const ImageFile& file, Image& image);
bool decode_pnm_grey16(const ImageFile& file, Image& image);
bool decode_tiff_grey16(const ImageFile& file, Image& image);

/// Throws `decode`'s DataError.
[[noreturn]] void cannot_decode(std::string_view name, std::string_view reason);

/// Throws DataError for a size that no image has or that is over the file's limit.
Size checked_size(const ImageFile& file, std::uint64_t width, std::uint64_t height);

/// Gives `image` a size that has been checked; its pixels, of 8 bits, are to be written.
void allocate(Image& image, Size size);

}  // namespace imgcls::data
