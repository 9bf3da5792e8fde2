#include <imgcls/core/error.h>
#include <imgcls/data/decode.h>
#include <imgcls/data/thumbnail.h>

#include <fmt/format.h>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include <algorithm>
#include <cmath>
#include <cstring>

namespace imgcls::data {
namespace {

cv::Mat to_bgr(const Image& image) {
  // OpenCV has no read-only matrix; this one is only read.
  const cv::Mat rgb(image.size.height, image.size.width, CV_8UC3,
                    const_cast<std::uint8_t*>(image.pixels.data()));
  cv::Mat bgr;
  cv::cvtColor(rgb, bgr, cv::COLOR_RGB2BGR);
  return bgr;
}

std::vector<std::byte> encode(const cv::Mat& bgr, const char* kind) {
  std::vector<std::uint8_t> bytes;
  if (!cv::imencode(kind, bgr, bytes)) {
    throw IoError(fmt::format("cannot make a {} of {} x {} pixels", kind + 1, bgr.cols, bgr.rows));
  }
  const auto view = std::as_bytes(std::span(bytes));
  return {view.begin(), view.end()};
}

}  // namespace

Image read_image(const Source& source, std::size_t index) {
  Sample sample = source.read(index);
  if (auto* pixels = std::get_if<Image>(&sample)) return std::move(*pixels);
  Image image;
  decode(std::get<std::vector<std::byte>>(sample), source.name(index), image);
  return image;
}

std::vector<std::byte> thumbnail_jpeg(const Image& image, int side) {
  cv::Mat bgr = to_bgr(image);
  const double shrink = static_cast<double>(side) / std::max(bgr.cols, bgr.rows);
  if (shrink < 1) {
    const auto scaled = [&](int pixels) {
      return std::max(1, static_cast<int>(std::lround(pixels * shrink)));
    };
    cv::Mat smaller;
    cv::resize(bgr, smaller, {scaled(bgr.cols), scaled(bgr.rows)}, 0, 0, cv::INTER_AREA);
    bgr = smaller;
  }
  return encode(bgr, ".jpg");
}

std::vector<std::byte> encode_png(const Image& image) {
  return encode(to_bgr(image), ".png");
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
