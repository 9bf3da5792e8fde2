#pragma once
// Images as bytes of files, by libjpeg-turbo and zlib.

#include <imgcls/data/image.h>

#include <cstddef>
#include <vector>

namespace imgcls::data {

/// `image`, of at least one pixel, as the bytes of a JPEG file (4:2:0) of libjpeg's `quality`, 1 to
/// 100. Throws IoError for sides above JPEG's 65,500.
std::vector<std::byte> encode_jpeg(const Image& image, int quality = 95);

/// `image`, of at least one pixel, as the bytes of a PNG file.
std::vector<std::byte> encode_png(const Image& image);

}  // namespace imgcls::data
