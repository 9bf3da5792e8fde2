#pragma once
// How images are cut into tiles for Winograd's algorithm. Internal to imgcls::kernels.

#include <imgcls/kernels/convolution_kernels.h>
#include <imgcls/kernels/threads.h>

#include <cstddef>
#include <cstdint>

namespace imgcls::kernels {

/// The tiles of a batch of images, in the order of image, row, column.
struct Tiles {
  std::int64_t images, down, across;

  Tiles(std::int64_t images, std::int64_t height, std::int64_t width)
      : images(images), down(parts_of(height, kTile)), across(parts_of(width, kTile)) {}

  std::int64_t count() const { return images * down * across; }
  struct Place {
    std::int64_t image;
    int y, x;
  };
  /// The tile's image and its upper left output pixel.
  Place at(std::int64_t tile) const {
    const std::int64_t in_image = tile % (down * across);
    return {tile / (down * across), static_cast<int>(in_image / across) * kTile,
            static_cast<int>(in_image % across) * kTile};
  }
};

/// Images as a convolution reads or writes them.
template <class Float>
struct Images {
  Float* pixels;
  std::int64_t height, width, channels;

  Float* image(std::int64_t index) const { return pixels + index * height * width * channels; }
  ImageView view(std::int64_t index) const {
    return {image(index), static_cast<int>(height), static_cast<int>(width),
            static_cast<std::size_t>(channels)};
  }
};

}  // namespace imgcls::kernels
