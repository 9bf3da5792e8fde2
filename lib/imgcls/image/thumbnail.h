#pragma once
// Small pictures of images, for reports.

#include <imgcls/image/image.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace imgcls::data {

/// `image` as a JPEG file, made smaller (areas averaged) where a side is above `side` pixels; its
/// proportions are kept. At least one pixel.
std::vector<std::byte> thumbnail_jpeg(const Image& image, int side);

/// Images of `side` x `side` pixels, which lie in `pixels` one after the other (RGB), as a picture
/// of at most `across` in a row, with a white pixel between them.
Image contact_sheet(std::span<const std::uint8_t> pixels, int side, int across);

}  // namespace imgcls::data
