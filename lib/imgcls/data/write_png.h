#pragma once
// Images as PNG files.

#include <imgcls/data/image.h>

#include <filesystem>

namespace imgcls::data {

/// Writes `image`, of at least one pixel, replacing what has that name. Throws IoError.
void write_png(const Image& image, const std::filesystem::path& path);

}  // namespace imgcls::data
