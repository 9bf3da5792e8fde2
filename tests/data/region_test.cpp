// Regions of JPEGs: the same pixels as those of the whole image, from each decoder, with
// checkpoints and without.
#include "../support/skip.h"
#include "odd_files.h"
#include "support.h"

#include <imgcls/core/error.h>
#include <imgcls/image/decode.h>
#include <imgcls/image/jpeg/checkpoints.h>
#include <imgcls/image/jpeg/libjpeg.h>
#include <imgcls/image/region_decoder.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <random>
#include <set>

using namespace imgcls;
using namespace imgcls::data;

namespace {

using Bytes = std::vector<std::byte>;

/// Keeps the rows of a region.
class Collector final : public RowSink {
 public:
  explicit Collector(Rect region) { image.size = {region.width, region.height}; }

  void begin() override { image.pixels.clear(); }
  void rows(const std::uint8_t* rgb, std::size_t stride, int count) override {
    for (int i = 0; i < count; ++i, rgb += stride) {
      image.pixels.insert(image.pixels.end(), rgb,
                          rgb + static_cast<std::size_t>(image.size.width) * 3);
    }
  }

  Image image;
};

Image part_of(const Image& whole, Rect region) {
  Collector part(region);
  part.rows(whole.row(region.y) + 3 * static_cast<std::size_t>(region.x),
            static_cast<std::size_t>(whole.size.width) * 3, region.height);
  return std::move(part.image);
}

/// Random rectangles, half of them small or thin or at an edge.
class Regions {
 public:
  explicit Regions(Size size) : size_(size) {}
  Rect next() {
    const auto [x, width] = side(size_.width);
    const auto [y, height] = side(size_.height);
    return {x, y, width, height};
  }

 private:
  int below(int end) { return std::uniform_int_distribution<int>(0, end - 1)(random_); }
  std::pair<int, int> side(int length) {
    int part = 1 + below(length);
    if (below(4) == 0) part = std::min(part, 1 + below(17));
    int at = below(length - part + 1);
    if (below(4) == 0) at = below(2) == 0 ? 0 : length - part;
    return {at, part};
  }

  Size size_;
  std::mt19937 random_{20261124};
};

std::vector<InstructionSet> instruction_sets() {
  std::vector<InstructionSet> available;
  for (const auto set : {InstructionSet::portable, InstructionSet::avx2, InstructionSet::avx512}) {
    if (is_available(set)) available.push_back(set);
  }
  return available;
}

/// Decodes regions of `file` every way there is; how many BaselineDecoder decoded.
int check_regions(const Bytes& file, const std::string& name, int count) {
  Image whole;
  decode_jpeg(file, name, whole, kMaxPixels);
  const auto frame = read_baseline_frame(file);
  const Bytes checkpoints = make_jpeg_checkpoints(file);
  Regions regions(whole.size);
  int decoded = 0;
  for (int i = 0; i < count; ++i) {
    const Rect region = i == 0 ? Rect{0, 0, whole.size.width, whole.size.height} : regions.next();
    INFO(name << " of " << whole.size.width << " x " << whole.size.height << ": "
              << support::to_text(region));
    const Image expected = part_of(whole, region);
    Collector by_libjpeg(region);
    decode_jpeg_region(file, name, region, by_libjpeg);
    const bool same = by_libjpeg.image.pixels == expected.pixels;
    CHECK(same);
    for (const auto set : instruction_sets()) {
      for (const Bytes& starts : {Bytes{}, checkpoints}) {
        Collector own(region);
        BaselineDecoder decoder(set);
        if (!frame || !decoder.decode(file, *frame, region, starts, own)) continue;
        const bool own_is_same = own.image.pixels == expected.pixels;
        CHECK(own_is_same);
        ++decoded;
      }
    }
  }
  return decoded;
}

Bytes odd_file(const std::string& name) {
  for (auto& file : support::odd_files()) {
    if (file.name == name) return file.bytes;
  }
  throw std::runtime_error("no odd file " + name);
}

/// What RegionDecoder makes of a region; empty where it refuses.
std::vector<std::uint8_t> region_pixels(const Bytes& file, const Bytes& checkpoints,
                                        const std::optional<Rect>& region = {}) {
  try {
    RegionDecoder decoder;
    const Size size = decoder.open(file, "a.jpg");
    const Rect part = region.value_or(Rect{0, 0, size.width, size.height});
    if (part.x + part.width > size.width || part.y + part.height > size.height) return {};
    Collector sink(part);
    decoder.decode(part, checkpoints, sink);
    return sink.image.pixels;
  } catch (const DataError&) {
    return {};
  }
}

}  // namespace

TEST_CASE("A region of an odd JPEG has the whole image's pixels") {
  std::set<std::string> by_baseline;
  for (const auto& file : support::odd_files()) {
    if (!file.refused.empty() || file.bytes.size() < 2 || file.bytes[0] != std::byte{0xFF})
      continue;
    if (check_regions(file.bytes, file.name, 40) > 0) by_baseline.insert(file.name);
  }
  // Not all of them by libjpeg-turbo alone.
  for (const char* name : {"quality-100.jpg", "quality-5.jpg", "restart-1.jpg", "restart-7.jpg",
                           "restart-rows.jpg", "sampling-440.jpg", "ycc-by-adobe.jpg"}) {
    INFO(name);
    CHECK(by_baseline.contains(name));
  }
  for (const char* name : {"scans-2.jpg", "ycck.jpg", "rgb-by-adobe.jpg", "sampling-411.jpg"}) {
    INFO(name);
    CHECK_FALSE(by_baseline.contains(name));
  }
}

TEST_CASE("A region of a photograph has the whole image's pixels") {
  const char* folder = std::getenv("IMGCLS_SAMPLES");
  if (folder == nullptr) IMGCLS_SKIP("IMGCLS_SAMPLES names no folder of ImageNet's samples");
  int images = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file()) continue;
    CHECK(check_regions(read_file(entry.path()), entry.path().filename().string(), 4) > 0);
    ++images;
  }
  CHECK(images > 0);
}

TEST_CASE("Other formats are cropped") {
  const Bytes png = odd_file("rgb-16.png");
  Image whole;
  decode(png, "rgb-16.png", whole);
  const Rect region{3, 2, 5, 4};
  CHECK(region_pixels(png, {}, region) == part_of(whole, region).pixels);
}

TEST_CASE("Checkpoints of another file are passed over") {
  const Bytes file = odd_file("quality-100.jpg"), other = odd_file("sampling-440.jpg");
  const Bytes checkpoints = make_jpeg_checkpoints(other);
  REQUIRE(!checkpoints.empty());
  CHECK(region_pixels(file, checkpoints) == region_pixels(file, {}));
  CHECK(make_jpeg_checkpoints(odd_file("scans-2.jpg")).empty());
}

TEST_CASE("Broken checkpoints do no harm") {
  const Bytes file = odd_file("quality-100.jpg");
  const Bytes checkpoints = make_jpeg_checkpoints(file);
  std::mt19937 random(1);
  for (int i = 0; i < 2000; ++i) {
    Bytes broken = checkpoints;
    for (int flips = 0; flips < 3; ++flips) {
      broken[random() % broken.size()] ^= static_cast<std::byte>(1U << (random() % 8));
    }
    region_pixels(file, broken);  // any pixels, or none
  }
  for (std::size_t size = 0; size < checkpoints.size(); ++size) {
    const Bytes cut(checkpoints.begin(), checkpoints.begin() + static_cast<std::ptrdiff_t>(size));
    CHECK(region_pixels(file, cut) == region_pixels(file, {}));
  }
}

TEST_CASE("A broken JPEG is refused, or gives libjpeg-turbo's pixels") {
  std::mt19937 random(2);
  int refused = 0, read = 0;
  for (const char* name :
       {"quality-5.jpg", "restart-7.jpg", "sampling-440.jpg", "grey-97x83.jpg"}) {
    const Bytes file = odd_file(name);
    for (int i = 0; i < 1500; ++i) {
      Bytes broken = file;
      broken[random() % broken.size()] ^= static_cast<std::byte>(1U << (random() % 8));
      if (i % 5 == 0) broken.resize(random() % broken.size());
      const auto pixels = region_pixels(broken, {});
      Image whole;
      bool good = true;
      try {
        decode(broken, name, whole);
      } catch (const DataError&) {
        good = false;
      }
      INFO(name << ", trial " << i);
      // The whole image is the region, so that both look at the same rows; libjpeg-turbo also
      // notices what stands behind the last one.
      const bool same = pixels == whole.pixels;
      CHECK((same || !good));
      ++(pixels.empty() ? refused : read);
    }
  }
  CHECK(refused > 100);
  CHECK(read > 100);
}
