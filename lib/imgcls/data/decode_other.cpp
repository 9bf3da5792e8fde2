#include <imgcls/data/decode.h>
#include <imgcls/data/decode_other.h>

#include <fmt/format.h>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include <algorithm>
#include <limits>

namespace imgcls::data {
namespace {

// OpenCV takes sizes as int, and has no read-only matrix; this one is only read.
cv::Mat as_row(std::span<const std::byte> file, std::string_view name) {
  if (file.size() > static_cast<std::size_t>(std::numeric_limits<int>::max())) {
    cannot_decode(name, fmt::format("a file of {} bytes is too large", file.size()));
  }
  return {1, static_cast<int>(file.size()), CV_8UC1, const_cast<std::byte*>(file.data())};
}

cv::Mat decode_opencv(std::span<const std::byte> file, std::string_view name) {
  cv::Mat decoded;
  try {
    decoded =
        cv::imdecode(as_row(file, name), cv::IMREAD_UNCHANGED | cv::IMREAD_IGNORE_ORIENTATION);
  } catch (const cv::Exception& e) {
    cannot_decode(name, e.what());
  }
  if (decoded.empty()) cannot_decode(name, "the file is truncated or corrupt");
  return decoded;
}

cv::Mat upper_bytes(const cv::Mat& deep) {
  cv::Mat bytes(deep.rows, deep.cols, CV_8UC(deep.channels()));
  for (int y = 0; y < deep.rows; ++y) {
    const auto* in = deep.ptr<std::uint16_t>(y);
    std::transform(in, in + static_cast<std::ptrdiff_t>(deep.cols) * deep.channels(),
                   bytes.ptr<std::uint8_t>(y),
                   [](std::uint16_t value) { return static_cast<std::uint8_t>(value >> 8); });
  }
  return bytes;
}

int conversion_to_rgb(int channels, std::string_view name) {
  switch (channels) {
    case 1:
      return cv::COLOR_GRAY2RGB;
    case 3:
      return cv::COLOR_BGR2RGB;
    case 4:
      return cv::COLOR_BGRA2RGB;
    default:
      cannot_decode(name, fmt::format("it has {} channels; 1, 3 or 4 are supported", channels));
  }
}

}  // namespace

void decode_other(std::span<const std::byte> file, std::string_view name, Image& image) {
  cv::Mat decoded = decode_opencv(file, name);
  if (decoded.depth() == CV_16U) decoded = upper_bytes(decoded);
  if (decoded.depth() != CV_8U) {
    cannot_decode(name, "its samples are not whole numbers of 8 or 16 bits");
  }
  const int conversion = conversion_to_rgb(decoded.channels(), name);
  image.size = {decoded.cols, decoded.rows};
  image.pixels.resize(decoded.total() * 3);
  cv::Mat rgb(decoded.rows, decoded.cols, CV_8UC3, image.pixels.data());
  cv::cvtColor(decoded, rgb, conversion);
}

}  // namespace imgcls::data
