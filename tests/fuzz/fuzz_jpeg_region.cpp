// Any bytes as a JPEG, and a region of it: BaselineDecoder refuses, or gives libjpeg-turbo's
// pixels, on each instruction set, with checkpoints and without. The input's first four bytes
// choose the region.
#include <imgcls/core/error.h>
#include <imgcls/image/jpeg/baseline.h>
#include <imgcls/image/jpeg/checkpoints.h>
#include <imgcls/image/jpeg/libjpeg.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <vector>

using namespace imgcls;
using namespace imgcls::data;

namespace {

/// More would only be slow.
constexpr int kMaxSide = 512;

class Pixels final : public RowSink {
 public:
  explicit Pixels(int width) : row_bytes_(static_cast<std::size_t>(width) * 3) {}
  void begin() override { pixels.clear(); }
  void rows(const std::uint8_t* rgb, std::size_t stride, int count) override {
    for (int i = 0; i < count; ++i, rgb += stride) {
      pixels.insert(pixels.end(), rgb, rgb + row_bytes_);
    }
  }
  std::vector<std::uint8_t> pixels;

 private:
  std::size_t row_bytes_;
};

int part(int side, std::uint8_t chosen) {
  return chosen * side / 256;
}

void require(bool good) {
  if (!good) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 4) return 0;
  const auto file = std::as_bytes(std::span(data + 4, size - 4));
  const auto frame = read_baseline_frame(file);
  if (!frame || frame->size.width > kMaxSide || frame->size.height > kMaxSide) return 0;
  const int x = part(frame->size.width, data[0]), y = part(frame->size.height, data[1]);
  const Rect region{x, y, 1 + part(frame->size.width - x, data[2]),
                    1 + part(frame->size.height - y, data[3])};

  Pixels expected(region.width);
  bool broken = false;
  try {
    decode_jpeg_region(file, "input", region, expected);
  } catch (const DataError&) {
    broken = true;  // perhaps only beyond the region, where libjpeg-turbo looks ahead
  }
  const std::vector<std::byte> checkpoints = make_jpeg_checkpoints(file);
  for (const auto set : {InstructionSet::portable, InstructionSet::avx2}) {
    if (!is_available(set)) continue;
    BaselineDecoder decoder(set);
    for (const bool from_checkpoints : {false, true}) {
      const auto starts =
          from_checkpoints ? std::span<const std::byte>(checkpoints) : std::span<const std::byte>();
      Pixels own(region.width);
      if (!decoder.decode(file, *frame, region, starts, own)) continue;
      require(own.pixels.size() == static_cast<std::size_t>(region.width) * region.height * 3);
      require(broken || own.pixels == expected.pixels);
    }
  }
  // Checkpoints of another file must do no harm, whatever pixels they give.
  BaselineDecoder decoder;
  std::vector<std::byte> wrong = checkpoints;
  for (std::size_t i = 4; i < wrong.size(); ++i) wrong[i] ^= static_cast<std::byte>(data[i % 4]);
  Pixels any(region.width);
  decoder.decode(file, *frame, region, wrong, any);
  return 0;
}
