// Any bytes as an image file, of 8 bits and of 16: DataError, or an image of no more pixels than
// asked for, which then goes through a crop and a resize.
#include <imgcls/augment/transform.h>
#include <imgcls/core/error.h>
#include <imgcls/image/decode.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string_view>
#include <vector>

using namespace imgcls;
using namespace imgcls::data;

namespace {

/// More would only be slow.
constexpr std::size_t kMostPixels = std::size_t{1} << 20;

void require(bool good) {
  if (!good) std::abort();
}

using Decode = void (*)(std::span<const std::byte>, std::string_view, Image&, std::size_t);

void decode_and_resize(std::span<const std::byte> file, Decode decode, int bits) {
  Image image;
  try {
    decode(file, "input", image, kMostPixels);
  } catch (const DataError&) {
    return;
  }
  const auto pixels =
      static_cast<std::uint64_t>(image.size.width) * static_cast<std::uint64_t>(image.size.height);
  require(pixels > 0 && pixels <= kMostPixels && image.pixels.size() == pixels * 3);
  require(image.bits == bits);

  Random random(file.size(), 0, 0, RandomStream::augment);
  const Plan plan = plan_augment(image.size, AugmentOptions{.size = 24}, random);
  std::vector<std::uint8_t> output(std::size_t{24} * 24 * 3);
  apply(plan, image, output);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto file = std::as_bytes(std::span(data, size));
  decode_and_resize(file, decode, 8);
  decode_and_resize(file, decode_grey16, 16);
  return 0;
}
