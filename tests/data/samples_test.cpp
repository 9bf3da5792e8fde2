// Decoding, resizing and the evaluation transform on ImageNet photographs, against Pillow and
// torchvision (tests/parity/samples_reference.py).
#include "../support/skip.h"
#include "support.h"

#include <imgcls/augment/transform.h>
#include <imgcls/core/file.h>
#include <imgcls/core/philox.h>
#include <imgcls/image/decode.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>

using namespace imgcls;
using namespace imgcls::data;
namespace fs = std::filesystem;

namespace {

nlohmann::json references() {
  std::ifstream file(IMGCLS_SOURCE_DIR "/tests/parity/samples_reference.json");
  return nlohmann::json::parse(file);
}

std::vector<fs::path> files_of(const fs::path& folder) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

int below(Random& random, int n) {
  return static_cast<int>(random.below(static_cast<std::uint64_t>(n)));
}

// samples_reference.py's random_part.
std::string random_part(const Image& image, Interpolation interpolation, Random& random) {
  Rect region;
  region.width = 1 + below(random, image.size.width);
  region.height = 1 + below(random, image.size.height);
  region.x = below(random, image.size.width - region.width + 1);
  region.y = below(random, image.size.height - region.height + 1);
  Size size;
  size.width = 1 + below(random, 256);
  size.height = 1 + below(random, 256);
  std::vector<std::uint8_t> output(static_cast<std::size_t>(size.width) *
                                   static_cast<std::size_t>(size.height) * 3);
  resize(image, region, size, {0, 0, size.width, size.height}, interpolation, output);
  return support::digest(output);
}

std::string evaluated(const Image& image) {
  const EvalOptions options{.size = 224, .resize = 256};
  std::vector<std::uint8_t> output(std::size_t{224} * 224 * 3);
  apply(plan_eval(image.size, options), image, output);
  return support::digest(output);
}

}  // namespace

TEST_CASE("All ImageNet samples give Pillow's and torchvision's bits") {
  const char* folder = std::getenv("IMGCLS_SAMPLES");
  if (folder == nullptr) IMGCLS_SKIP("IMGCLS_SAMPLES names no folder of ImageNet's samples");
  const auto expected = references();
  const auto files = files_of(folder);
  REQUIRE(files.size() == expected.size());
  Image image;
  for (std::size_t i = 0; i < files.size(); ++i) {
    INFO(files[i].string());
    REQUIRE(files[i].filename() == expected[i][0].get<std::string>());
    decode(read_file(files[i]), files[i].string(), image);
    CHECK(support::digest(image.pixels) == expected[i][1]);
    Random random(5, 0, i, RandomStream::augment);
    CHECK(random_part(image, Interpolation::bilinear, random) == expected[i][2]);
    CHECK(random_part(image, Interpolation::bicubic, random) == expected[i][3]);
    CHECK(evaluated(image) == expected[i][4]);
  }
}
