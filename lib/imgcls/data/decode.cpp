#include <imgcls/core/error.h>
#include <imgcls/data/decode.h>
#include <imgcls/data/decode_other.h>
#include <imgcls/data/format.h>
#include <imgcls/data/jpeg.h>

#include <fmt/format.h>

namespace imgcls::data {

void cannot_decode(std::string_view name, std::string_view reason) {
  throw DataError(fmt::format("cannot decode {}: {}", name, reason));
}

void decode(std::span<const std::byte> file, std::string_view name, Image& image) {
  if (file.empty()) cannot_decode(name, "the file is empty");
  const auto format = recognise(file);
  if (!format) {
    cannot_decode(name,
                  "its first bytes are not those of a JPEG, PNG, BMP, WebP, TIFF or PNM image");
  }
  if (*format == ImageFormat::jpeg) return decode_jpeg(file, name, image);

  const auto pixels = claimed_pixels(file, *format);
  if (!pixels) cannot_decode(name, "its header is truncated or corrupt");
  if (*pixels > kMaxPixels) {
    cannot_decode(name, fmt::format("its header claims {} pixels; at most {} are accepted", *pixels,
                                    kMaxPixels));
  }
  decode_other(file, name, image);
}

}  // namespace imgcls::data
