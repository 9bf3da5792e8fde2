#include <imgcls/image/encode.h>
#include <imgcls/image/grey16.h>
#include <imgcls/image/thumbnail.h>

#include <opencv2/imgproc.hpp>

#include <algorithm>
#include <cmath>
#include <cstring>

namespace imgcls::data {

std::vector<std::byte> thumbnail_jpeg(const Image& image, int side) {
  if (image.bits == 16) return thumbnail_jpeg(with_bits(image, 8), side);
  const double shrink = static_cast<double>(side) / std::max(image.size.width, image.size.height);
  if (shrink >= 1) return encode_jpeg(image);
  const auto scaled = [&](int pixels) {
    return std::max(1, static_cast<int>(std::lround(pixels * shrink)));
  };
  Image smaller{{scaled(image.size.width), scaled(image.size.height)}, {}};
  smaller.pixels.resize(static_cast<std::size_t>(smaller.size.width) * smaller.size.height * 3);
  // OpenCV has no read-only matrix; this one is only read.
  const cv::Mat in(image.size.height, image.size.width, CV_8UC3,
                   const_cast<std::uint8_t*>(image.pixels.data()));
  cv::Mat out(smaller.size.height, smaller.size.width, CV_8UC3, smaller.pixels.data());
  cv::resize(in, out, out.size(), 0, 0, cv::INTER_AREA);
  return encode_jpeg(smaller);
}

Image contact_sheet(std::span<const std::uint8_t> pixels, int side, int across) {
  const auto row_bytes = static_cast<std::size_t>(side) * 3;
  const auto images =
      static_cast<int>(pixels.size() / (row_bytes * static_cast<std::size_t>(side)));
  const int columns = std::min(across, images);
  const int rows = (images + columns - 1) / columns;
  Image sheet;
  sheet.size = {columns * (side + 1) - 1, rows * (side + 1) - 1};
  sheet.pixels.assign(static_cast<std::size_t>(sheet.size.width) * sheet.size.height * 3, 255);
  for (int i = 0; i < images; ++i) {
    const auto left = static_cast<std::size_t>(i % columns) * (row_bytes + 3);
    for (int y = 0; y < side; ++y) {
      const auto from = (static_cast<std::size_t>(i) * side + y) * row_bytes;
      std::memcpy(sheet.row(i / columns * (side + 1) + y) + left, pixels.data() + from, row_bytes);
    }
  }
  return sheet;
}

}  // namespace imgcls::data
