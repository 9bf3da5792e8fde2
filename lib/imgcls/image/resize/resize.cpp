#include <imgcls/core/error.h>
#include <imgcls/image/resize/grey16_resizer.h>
#include <imgcls/image/resize/interpolation.h>
#include <imgcls/image/resize/row_resizer.h>

#include <fmt/format.h>

#include <opencv2/imgproc.hpp>

namespace imgcls::data {
namespace {

cv::Mat as_mat(std::uint8_t* pixels, Size size, std::size_t stride = cv::Mat::AUTO_STEP) {
  return {size.height, size.width, CV_8UC3, pixels, stride};
}

void resize_opencv(const std::uint8_t* in, std::size_t stride, Size in_size, Size size, Rect window,
                   std::uint8_t* out) {
  // OpenCV has no read-only matrix; this one is only read.
  const cv::Mat source = as_mat(const_cast<std::uint8_t*>(in), in_size, stride);
  cv::Mat target = as_mat(out, {window.width, window.height});
  const cv::Size full(size.width, size.height);
  try {
    if (window == Rect{0, 0, size.width, size.height}) {
      cv::resize(source, target, full, 0, 0, cv::INTER_LINEAR);
      return;
    }
    cv::Mat resized;
    cv::resize(source, resized, full, 0, 0, cv::INTER_LINEAR);
    resized(cv::Rect(window.x, window.y, window.width, window.height)).copyTo(target);
  } catch (const cv::Exception& e) {
    throw DataError(fmt::format("cannot resize {} x {} to {} x {} pixels: {}", in_size.width,
                                in_size.height, size.width, size.height, e.err));
  }
}

}  // namespace

void resize(const Image& image, Rect region, Size size, Rect window, Interpolation interpolation,
            std::span<std::uint8_t> output) {
  if (image.bits == 16) return resize_grey16(image, region, size, window, interpolation, output);
  const std::size_t stride = static_cast<std::size_t>(image.size.width) * 3;
  const std::uint8_t* in = image.row(region.y) + 3 * static_cast<std::size_t>(region.x);
  const Size in_size{region.width, region.height};
  if (interpolation == Interpolation::bilinear_no_antialias) {
    resize_opencv(in, stride, in_size, size, window, output.data());
    return;
  }
  RowResizer resizer;
  resizer.begin(in_size, size, window, interpolation, false, output);
  const Interval rows = resizer.rows();
  resizer.push(in + static_cast<std::size_t>(rows.begin) * stride +
                   3 * static_cast<std::size_t>(resizer.columns().begin),
               rows.size(), stride);
}

}  // namespace imgcls::data
