// Which images epochs of training have.
#include "support.h"

#include <imgcls/core/error.h>
#include <imgcls/data/loader.h>
#include <imgcls/data/sampler.h>
#include <imgcls/data/sampling.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

using namespace imgcls;
using namespace imgcls::data;
using Catch::Contains;

namespace {

/// Images of a few pixels; class 0 has half of them, class 1 a quarter, class 2 the rest but one,
/// class 3 that one, class 4 none.
class UnevenSource final : public Source {
 public:
  explicit UnevenSource(std::size_t size) : size_(size) {}
  std::size_t size() const override { return size_; }
  std::int64_t label(std::size_t i) const override {
    if (i < size_ / 2) return 0;
    if (i < 3 * size_ / 4) return 1;
    return i + 1 < size_ ? 2 : 3;
  }
  Sample read(std::size_t i) const override {
    Image image = support::make_image(40, 30);
    image.pixels[0] = static_cast<std::uint8_t>(i);
    return image;
  }
  std::string name(std::size_t i) const override { return std::to_string(i); }
  const std::vector<std::string>& classes() const override { return classes_; }
  std::string fingerprint() const override { return "uneven"; }

 private:
  std::size_t size_;
  std::vector<std::string> classes_ = {"a", "b", "c", "d", "none"};
};

std::vector<std::uint32_t> epochs(const Source& source, const SamplingOptions& options, int count) {
  std::vector<std::uint32_t> all;
  for (int epoch = 0; epoch < count; ++epoch) {
    const Order order = epoch_order(source, options, 10, 7, static_cast<std::uint32_t>(epoch));
    all.insert(all.end(), order.samples.begin(), order.samples.end());
  }
  return all;
}

std::map<std::uint32_t, int> counts(const std::vector<std::uint32_t>& samples) {
  std::map<std::uint32_t, int> found;
  for (const std::uint32_t sample : samples) ++found[sample];
  return found;
}

}  // namespace

TEST_CASE("an epoch of all images is the one permutation, and nothing comes twice") {
  const UnevenSource source(100);
  const Order order = epoch_order(source, {}, 10, 7, 3);
  CHECK(order.samples == shuffled_order(100, 7, 3));
  CHECK(order.turns.empty());
}

TEST_CASE("epochs of another length go on where the one before ended") {
  const UnevenSource source(100);
  const auto short_ones = epochs(source, {.epoch_size = 30}, 10);
  REQUIRE(short_ones.size() == 300);
  for (const auto& [sample, times] : counts(short_ones)) CHECK(times == 3);
  const auto long_ones = epochs(source, {.epoch_size = 250}, 2);
  CHECK(counts(long_ones).size() == 100);
  for (const auto& [sample, times] : counts(long_ones)) CHECK(times == 5);
  const Order twice = epoch_order(source, {.epoch_size = 250}, 10, 7, 0);
  CHECK(*std::ranges::max_element(twice.turns) == 2);
}

TEST_CASE("repeated images lie in one batch, first turns first") {
  const UnevenSource source(100);
  const SamplingOptions options{.repeats = 2};
  const Order order = epoch_order(source, options, 10, 7, 0);
  REQUIRE(order.samples.size() == 100);
  for (std::size_t begin = 0; begin < 100; begin += 10) {
    const auto batch = order.samples.begin() + static_cast<std::ptrdiff_t>(begin);
    CHECK(std::set(batch, batch + 5).size() == 5);
    CHECK(std::equal(batch, batch + 5, batch + 5));
    for (std::size_t i = 0; i < 10; ++i) CHECK(order.turns[begin + i] == (i < 5 ? 0 : 1));
  }
  for (const auto& [sample, times] : counts(epochs(source, options, 2))) CHECK(times == 2);

  // Where they do not fit, a batch begins with the rest of the one before.
  const Order three = epoch_order(source, {.repeats = 3}, 10, 7, 0);
  REQUIRE(three.samples.size() == 100);
  CHECK(counts(three.samples).size() == 34);
  CHECK(three.samples[10] != three.samples[11]);
}

TEST_CASE("balanced epochs have as many images of each class, and all of them in turn") {
  const UnevenSource source(100);
  const SamplingOptions options{.by = Sampler::balanced, .epoch_size = 200};
  const Order order = epoch_order(source, options, 10, 7, 1);
  std::map<std::int64_t, int> classes;
  for (const std::uint32_t sample : order.samples) ++classes[source.label(sample)];
  CHECK(classes == std::map<std::int64_t, int>{{0, 50}, {1, 50}, {2, 50}, {3, 50}});
  for (const auto& [sample, times] : counts(order.samples)) {
    const std::int64_t label = source.label(sample);
    if (label == 0) CHECK(times == 1);
    if (label == 1) CHECK(times == 2);
    if (label == 2) CHECK(std::clamp(times, 1, 3) == times);  // 24 images, 50 turns
    if (label == 3) CHECK(times == 50);
  }
  CHECK(order.samples == epoch_order(source, options, 10, 7, 1).samples);
  CHECK(order.samples != epoch_order(source, options, 10, 8, 1).samples);
}

TEST_CASE("an image's turns are augmented differently, the same on any number of ranks") {
  const auto source = std::make_shared<UnevenSource>(40);
  LoaderOptions options;
  options.batch = 12;
  options.threads = 2;
  options.seed = 5;
  options.sampling.repeats = 2;
  options.transform = AugmentOptions{.size = 16};
  Loader whole(source, options);
  whole.start(0);
  const Batch& batch = *whole.next();
  constexpr std::size_t kBytes = 16 * 16 * 3;
  const auto image = [&](const Batch& of, std::size_t i) {
    return std::vector(of.images.begin() + static_cast<std::ptrdiff_t>(i * kBytes),
                       of.images.begin() + static_cast<std::ptrdiff_t>((i + 1) * kBytes));
  };
  for (std::size_t i = 0; i < 6; ++i) {
    CHECK(batch.samples[i] == batch.samples[i + 6]);
    CHECK(image(batch, i) != image(batch, i + 6));
  }
  for (int rank = 0; rank < 3; ++rank) {
    LoaderOptions share = options;
    share.rank = rank;
    share.world = 3;
    Loader loader(source, share);
    loader.start(0);
    const Batch& part = *loader.next();
    for (std::size_t i = 0; i < 4; ++i) {
      CHECK(image(part, i) == image(batch, i + 4 * static_cast<std::size_t>(rank)));
    }
  }
  CHECK(whole.batches_per_epoch() == 3);
  options.sampling.epoch_size = 10;
  CHECK_THROWS_WITH(Loader(source, options), Contains("larger than an epoch of 10 images"));
}
