#pragma once
// Images that a few lines can learn: class k is there where corner k is bright, in noise. Any of
// the four corners may be, and none.

#include <imgcls/core/philox.h>
#include <imgcls/data/source.h>

#include <string>
#include <vector>

namespace imgcls::test {

class MultiLabelSource final : public data::Source {
 public:
  MultiLabelSource(std::size_t size, std::uint64_t seed, int side = 12)
      : size_(size),
        seed_(seed),
        side_(side),
        classes_{"north-west", "north-east", "south-west", "south-east"} {}

  std::size_t size() const override { return size_; }
  std::int64_t label(std::size_t /*index*/) const override { return 0; }
  std::optional<std::vector<std::int64_t>> label_set(std::size_t index) const override {
    std::vector<std::int64_t> labels;
    for (std::int64_t k = 0; k < 4; ++k) {
      if ((corners(index) >> k & 1) != 0) labels.push_back(k);
    }
    return labels;
  }
  std::string name(std::size_t index) const override { return "corners:" + std::to_string(index); }
  const std::vector<std::string>& classes() const override { return classes_; }
  std::string fingerprint() const override { return "corners " + std::to_string(seed_); }

  data::Sample read(std::size_t index) const override {
    Random random(seed_, 0, index, RandomStream::augment);
    data::Image image{{side_, side_}, {}};
    for (int i = 0; i < side_ * side_ * 3; ++i) {
      image.pixels.push_back(static_cast<std::uint8_t>(random.below(120)));
    }
    const int half = side_ / 2;
    for (int k = 0; k < 4; ++k) {
      if ((corners(index) >> k & 1) == 0) continue;
      const int x0 = k % 2 ? half : 0, y0 = k / 2 ? half : 0;
      for (int y = y0; y < y0 + half; ++y) {
        for (int x = x0; x < x0 + half; ++x) image.row(y)[3 * x] = 220;
      }
    }
    return image;
  }

 private:
  /// A bit for each bright one.
  std::uint64_t corners(std::size_t index) const {
    return Random(seed_, 1, index, RandomStream::augment).below(16);
  }

  std::size_t size_;
  std::uint64_t seed_;
  int side_;
  std::vector<std::string> classes_;
};

}  // namespace imgcls::test
