#pragma once
// What an image file is, from its first bytes. Internal to imgcls::data.

#include <cstddef>
#include <optional>
#include <span>
#include <string>

namespace imgcls::data {

/// The formats `decode` knows.
enum class ImageFormat { jpeg, png, bmp, webp, pnm, tiff };

/// The format whose signature `file` begins with, or nothing.
std::optional<ImageFormat> recognize(std::span<const std::byte> file);

/// Why a file that `recognize` does not know cannot be read, for a message: what it is, and what to
/// do about it.
std::string why_unread(std::span<const std::byte> file);

}  // namespace imgcls::data
