#pragma once
// Images as bytes of files and as files, by libjpeg-turbo and zlib. Of images of 16 bits the upper
// bytes are written: these files are for people to look at.

#include <imgcls/image/image.h>

#include <cstddef>
#include <filesystem>
#include <vector>

namespace imgcls::data {

/// `image`, of at least one pixel, as the bytes of a JPEG file (4:2:0) of libjpeg's `quality`, 1 to
/// 100. Throws IoError for sides above JPEG's 65,500.
std::vector<std::byte> encode_jpeg(const Image& image, int quality = 95);

/// `image`, of at least one pixel, as the bytes of a PNG file.
std::vector<std::byte> encode_png(const Image& image);

/// Writes `image`, of at least one pixel, as a PNG file, replacing what has that name. Throws
/// IoError.
void write_png(const Image& image, const std::filesystem::path& path);

}  // namespace imgcls::data
