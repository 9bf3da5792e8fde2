#include <imgcls/image/grey16.h>

#include <cstddef>

namespace imgcls::data {

namespace {

void to_grey16(Image& image) {
  for (std::size_t i = 0; i < image.pixels.size(); i += 3) {
    std::uint8_t* pixel = &image.pixels[i];
    set_grey16(pixel, static_cast<std::uint16_t>(luma(pixel[0], pixel[1], pixel[2]) * 257));
  }
}

void to_rgb(Image& image) {
  for (std::size_t i = 0; i < image.pixels.size(); i += 3) {
    image.pixels[i + 1] = image.pixels[i + 2] = image.pixels[i];
  }
}

}  // namespace

void to_bits(Image& image, int bits) {
  if (image.bits == bits) return;
  image.bits = bits;
  bits == 16 ? to_grey16(image) : to_rgb(image);
}

Image with_bits(Image image, int bits) {
  to_bits(image, bits);
  return image;
}

}  // namespace imgcls::data
