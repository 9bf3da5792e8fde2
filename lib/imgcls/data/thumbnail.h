#pragma once
// Small pictures of samples, for reports.

#include <imgcls/data/image.h>
#include <imgcls/data/source.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace imgcls::data {

/// Sample `index` of `source` as pixels. Throws DataError when it cannot be read or decoded.
Image read_image(const Source& source, std::size_t index);

/// `image` as a JPEG file, made smaller (areas averaged) where a side is above `side` pixels; its
/// proportions are kept. At least one pixel.
std::vector<std::byte> thumbnail_jpeg(const Image& image, int side);

/// Images of `side` x `side` pixels, which lie in `pixels` one after the other (RGB), as a picture
/// of at most `across` in a row, with a white pixel between them.
Image contact_sheet(std::span<const std::uint8_t> pixels, int side, int across);

}  // namespace imgcls::data
