// Whole chains of augmentation in the loader: every policy, every operation, repeated augmentation
// and views. A sample's bytes do not depend on threads or ranks.
#include "loaded.h"
#include "made_images.h"

#include <imgcls/augment/chain.h>
#include <imgcls/augment/one_of.h>
#include <imgcls/augment/policies.h>
#include <imgcls/image/encode.h>

#include <catch2/catch.hpp>
#include <map>
#include <set>

using namespace imgcls;
using namespace imgcls::data;
using support::made_image;
using support::stream;
using support::Stream;

namespace {

/// 24 made-up images, of which every third is a JPEG file and every third a PNG file.
class MixedSource final : public Source {
 public:
  MixedSource() {
    for (int i = 0; i < 24; ++i) {
      const Image image = made_image({i % 2 == 0 ? "smooth" : "noise", 40 + i, 52 - i});
      if (i % 3 == 0) {
        samples_.emplace_back(image);
      } else {
        samples_.emplace_back(i % 3 == 1 ? encode_jpeg(image) : encode_png(image));
      }
    }
  }
  std::size_t size() const override { return samples_.size(); }
  std::int64_t label(std::size_t index) const override {
    return static_cast<std::int64_t>(index % 2);
  }
  Sample read(std::size_t index) const override { return samples_.at(index); }
  std::string name(std::size_t index) const override { return fmt::format("mixed-{}", index); }
  const std::vector<std::string>& classes() const override { return classes_; }
  std::string fingerprint() const override { return "mixed"; }

 private:
  std::vector<Sample> samples_;
  std::vector<std::string> classes_ = {"even", "odd"};
};

/// Every operation that there is, each done half of the time.
std::vector<ChosenOperation> every_operation() {
  std::vector<ChosenOperation> all;
  for (const std::string& name : chain_operations().names()) {
    ChosenOperation each{.name = name, .p = 0.5};
    if (name == "one_of") {
      each.own = OneOfOptions{.operations = {{.name = "invert"}, {.name = "rotation", .p = 0.5}}};
    }
    all.push_back(std::move(each));
  }
  return all;
}

LoaderOptions loading(const AugmentOptions& augment, int rank = 0, int world = 1) {
  return {.batch = 12,
          .rank = rank,
          .world = world,
          .threads = 1,
          .prefetch = 0,
          .seed = 11,
          .transform = augment};
}

/// The ranks' shares of each batch, one behind the other.
Stream joined(const LoaderOptions& options, int world, int threads, std::size_t consumed = 0) {
  static const auto source = std::make_shared<const MixedSource>();
  Stream all;
  for (int rank = 0; rank < world; ++rank) {
    LoaderOptions each = options;
    each.rank = rank;
    each.world = world;
    each.threads = threads;
    each.prefetch = threads;
    const Stream share = stream(source, each, 3, consumed);
    all.resize(share.size());
    for (std::size_t i = 0; i < share.size(); ++i) {
      all[i].insert(all[i].end(), share[i].begin(), share[i].end());
    }
  }
  return all;
}

void check_alike(const LoaderOptions& options) {
  const Stream expected = joined(options, 1, 1);
  REQUIRE(expected.size() == 2);
  for (const int world : {1, 2, 3}) {
    for (const int threads : {1, 2, 3}) {
      INFO(world << " ranks of " << threads << " threads");
      CHECK(joined(options, world, threads) == expected);
    }
  }
  CHECK(joined(options, 3, 2, 12) == Stream{expected.at(1)});
}

}  // namespace

TEST_CASE("every policy before every operation gives the same bytes on any threads and ranks") {
  std::set<Stream> different;
  for (const std::string& policy : policies().names()) {
    for (const CropKind crop : {CropKind::random_resized, CropKind::pad}) {
      INFO(policy);
      const LoaderOptions options =
          loading({.size = 24, .crop = crop, .policy = policy, .operations = every_operation()});
      check_alike(options);
      different.insert(joined(options, 1, 1));
    }
  }
  CHECK(different.size() == 2 * policies().names().size());
}

TEST_CASE("repeated augmentation and views give the same bytes on any threads and ranks") {
  LoaderOptions options =
      loading({.size = 24, .policy = "augmix", .operations = every_operation(), .views = 3});
  options.sampling.repeats = 3;
  check_alike(options);
  // An image that comes again has the label that it had, and other bytes.
  std::map<std::string, std::set<std::string>> seen;
  std::size_t images = 0;
  for (const auto& batch : joined(options, 1, 2)) {
    for (const std::string& line : batch) {
      seen[line.substr(0, line.rfind(' '))].insert(line);
      ++images;
    }
  }
  CHECK(images == 24);
  CHECK(seen.size() == 8);
  for (const auto& [sample, lines] : seen) CHECK(lines.size() == 3);
}
