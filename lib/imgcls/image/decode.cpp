#include <imgcls/core/error.h>
#include <imgcls/image/decode.h>
#include <imgcls/image/decoders.h>
#include <imgcls/image/grey16.h>
#include <imgcls/image/image_format.h>
#include <imgcls/image/jpeg/libjpeg.h>

#include <fmt/format.h>

#include <limits>

namespace imgcls::data {

void cannot_decode(std::string_view name, std::string_view reason) {
  throw DataError(fmt::format("cannot decode {}: {}", name, reason));
}

Size checked_size(const ImageFile& file, std::uint64_t width, std::uint64_t height) {
  constexpr std::uint64_t kLongest = std::numeric_limits<std::int32_t>::max();
  if (width == 0 || height == 0) cannot_decode(file.name, "its header claims no pixels");
  if (width > kLongest || height > kLongest || width * height > file.max_pixels) {
    cannot_decode(file.name,
                  fmt::format("its header claims {} x {} pixels; at most {} are accepted", width,
                              height, file.max_pixels));
  }
  return {static_cast<int>(width), static_cast<int>(height)};
}

void allocate(Image& image, Size size) {
  image.size = size;
  image.bits = 8;
  const std::size_t bytes =
      static_cast<std::size_t>(size.width) * static_cast<std::size_t>(size.height) * 3;
  // Not a vector's growth, which copies the old pixels and takes twice their memory.
  if (bytes > image.pixels.capacity()) image.pixels = {};
  image.pixels.resize(bytes);
}

void decode(std::span<const std::byte> bytes, std::string_view name, Image& image,
            std::size_t max_pixels) {
  if (bytes.empty()) cannot_decode(name, "the file is empty");
  const auto format = recognize(bytes);
  if (!format) cannot_decode(name, why_unread(bytes));
  const ImageFile file{bytes, name, max_pixels};
  switch (*format) {
    case ImageFormat::jpeg:
      return decode_jpeg(bytes, name, image, max_pixels);
    case ImageFormat::png:
      return decode_png(file, image);
    case ImageFormat::bmp:
      return decode_bmp(file, image);
    case ImageFormat::webp:
      return decode_webp(file, image);
    case ImageFormat::pnm:
      return decode_pnm(file, image);
    case ImageFormat::tiff:
      return decode_tiff(file, image);
  }
}

void decode_grey16(std::span<const std::byte> bytes, std::string_view name, Image& image,
                   std::size_t max_pixels) {
  const ImageFile file{bytes, name, max_pixels};
  const auto format = recognize(bytes);
  if (format == ImageFormat::png && decode_png_grey16(file, image)) return;
  if (format == ImageFormat::pnm && decode_pnm_grey16(file, image)) return;
  if (format == ImageFormat::tiff && decode_tiff_grey16(file, image)) return;
  decode(bytes, name, image, max_pixels);
  to_bits(image, 16);
}

}  // namespace imgcls::data
