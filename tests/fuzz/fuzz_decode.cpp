// Any bytes as an image file: DataError, or an image of no more pixels than asked for, which then
// goes through a crop and a resize.
#include <imgcls/augment/transform.h>
#include <imgcls/core/error.h>
#include <imgcls/image/decode.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <vector>

using namespace imgcls;
using namespace imgcls::data;

namespace {

/// More would only be slow.
constexpr std::size_t kMostPixels = std::size_t{1} << 20;

void require(bool good) {
  if (!good) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Image image;
  try {
    decode(std::as_bytes(std::span(data, size)), "input", image, kMostPixels);
  } catch (const DataError&) {
    return 0;
  }
  const auto pixels =
      static_cast<std::uint64_t>(image.size.width) * static_cast<std::uint64_t>(image.size.height);
  require(pixels > 0 && pixels <= kMostPixels && image.pixels.size() == pixels * 3);

  Random random(size, 0, 0, RandomStream::augment);
  const Plan plan = plan_augment(image.size, AugmentOptions{.size = 24}, random);
  std::vector<std::uint8_t> output(std::size_t{24} * 24 * 3);
  apply(plan, image, output);
  return 0;
}
