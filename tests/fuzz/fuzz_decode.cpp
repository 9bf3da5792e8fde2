// Any bytes as an image file: DataError, or as many pixels as the header claims, which then go
// through a crop and a resize.
#include <imgcls/core/error.h>
#include <imgcls/data/decode.h>
#include <imgcls/data/format.h>
#include <imgcls/data/transform.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <vector>

using namespace imgcls;
using namespace imgcls::data;

namespace {

/// More would only be slow. What claims more than kMaxPixels is refused at once, and so is let in.
constexpr std::uint64_t kSlowPixels = std::uint64_t{1} << 20;

bool is_slow(std::uint64_t pixels) {
  return pixels > kSlowPixels && pixels <= kMaxPixels;
}

/// Whether any place that looks like a JPEG's start of frame claims that much.
bool is_slow_jpeg(std::span<const std::uint8_t> file) {
  for (std::size_t at = 0; at + 9 <= file.size(); ++at) {
    if (file[at] != 0xFF || (file[at + 1] & 0xF0) != 0xC0) continue;
    const std::uint64_t height = file[at + 5] * 256U + file[at + 6];
    const std::uint64_t width = file[at + 7] * 256U + file[at + 8];
    if (is_slow(width * height)) return true;
  }
  return false;
}

void require(bool good) {
  if (!good) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::span bytes(data, size);
  const auto file = std::as_bytes(bytes);
  const auto format = recognise(file);
  const bool is_jpeg = format == ImageFormat::jpeg;
  const std::uint64_t claimed = format ? claimed_pixels(file, *format).value_or(0) : 0;
  if (is_jpeg ? is_slow_jpeg(bytes) : is_slow(claimed)) return 0;
  Image image;
  try {
    decode(file, "input", image);
  } catch (const DataError&) {
    return 0;
  }
  const auto pixels =
      static_cast<std::uint64_t>(image.size.width) * static_cast<std::uint64_t>(image.size.height);
  require(pixels > 0 && pixels <= kMaxPixels && image.pixels.size() == pixels * 3);
  require(is_jpeg || pixels <= claimed);

  Random random(size, 0, 0, RandomStream::augment);
  const Plan plan = plan_augment(image.size, AugmentOptions{.size = 24}, random);
  std::vector<std::uint8_t> output(std::size_t{24} * 24 * 3);
  apply(plan, image, output);
  return 0;
}
