#include <imgcls/image/decode.h>
#include <imgcls/image/image_format.h>
#include <imgcls/image/jpeg/libjpeg.h>
#include <imgcls/image/region_decoder.h>

#include <cstdint>

namespace imgcls::data {

Size RegionDecoder::open(std::span<const std::byte> file, std::string_view name, int bits) {
  file_ = file;
  name_ = name;
  frame_.reset();
  by_parts_ = bits == 8 && recognize(file) == ImageFormat::jpeg;
  if (!by_parts_) {
    try {
      bits == 16 ? decode_grey16(file, name, whole_) : data::decode(file, name, whole_);
    } catch (...) {
      release();
      throw;
    }
    return whole_.size;
  }
  frame_ = read_baseline_frame(file);
  const auto pixels = [](Size size) {
    return static_cast<std::size_t>(size.width) * static_cast<std::size_t>(size.height);
  };
  if (frame_ && pixels(frame_->size) <= kMaxPixels) return frame_->size;
  frame_.reset();
  return jpeg_size(file, name);
}

void RegionDecoder::release() {
  if (whole_.pixels.capacity() > kKeptBytes) whole_ = {};
}

DecodedBy RegionDecoder::decode(Rect region, std::span<const std::byte> checkpoints,
                                RowSink& sink) {
  sink.begin();
  if (!by_parts_) {
    sink.rows(whole_.row(region.y) + 3 * static_cast<std::size_t>(region.x),
              static_cast<std::size_t>(whole_.size.width) * 3, region.height);
    release();
    return DecodedBy::other;
  }
  if (frame_ && baseline_.decode(file_, *frame_, region, checkpoints, sink)) {
    return checkpoints.empty() ? DecodedBy::baseline : DecodedBy::checkpoints;
  }
  if (frame_) sink.begin();
  decode_jpeg_region(file_, name_, region, sink);
  return DecodedBy::libjpeg;
}

}  // namespace imgcls::data
