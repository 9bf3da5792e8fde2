#pragma once
// What `decode` does with files that are no JPEG. Internal to data/.

#include <imgcls/data/image.h>

#include <cstddef>
#include <span>
#include <string_view>

namespace imgcls::data {

/// Decodes a PNG, BMP, WebP, TIFF or PNM file, as `decode` describes it. Throws DataError; always,
/// where imgcls was built with IMGCLS_IMGCODECS=OFF.
void decode_other(std::span<const std::byte> file, std::string_view name, Image& image);

/// Throws `decode`'s DataError.
[[noreturn]] void cannot_decode(std::string_view name, std::string_view reason);

}  // namespace imgcls::data
