#pragma once
// What an image file is, and the size it claims, from its first bytes. Internal to imgcls::data:
// decoders are only given files of a known format whose claims have been looked at.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace imgcls::data {

/// The formats `decode` knows.
enum class ImageFormat { jpeg, png, bmp, webp, pnm, tiff };

/// The format whose signature `file` begins with, or nothing.
std::optional<ImageFormat> recognise(std::span<const std::byte> file);

/// Width times height as the header claims, or nothing where the header is cut off or broken. Not
/// for JPEG, whose own decoder tells.
std::optional<std::uint64_t> claimed_pixels(std::span<const std::byte> file, ImageFormat format);

}  // namespace imgcls::data
