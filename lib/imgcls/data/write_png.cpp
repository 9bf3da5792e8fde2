#include <imgcls/core/error.h>
#include <imgcls/core/new_file.h>
#include <imgcls/data/write_png.h>

#include <fmt/format.h>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include <span>
#include <vector>

namespace imgcls::data {

void write_png(const Image& image, const std::filesystem::path& path) {
  // OpenCV has no read-only matrix; this one is only read.
  const cv::Mat rgb(image.size.height, image.size.width, CV_8UC3,
                    const_cast<std::uint8_t*>(image.pixels.data()));
  cv::Mat bgr;
  cv::cvtColor(rgb, bgr, cv::COLOR_RGB2BGR);
  std::vector<std::uint8_t> bytes;
  if (!cv::imencode(".png", bgr, bytes)) {
    throw IoError(fmt::format("cannot make a PNG of {}", path.string()));
  }
  NewFile file(path);
  file.write(std::as_bytes(std::span(bytes)));
  file.commit();
}

}  // namespace imgcls::data
