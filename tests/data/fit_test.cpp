// How drawn numbers are distributed, against torchvision's draws (fit_reference.py): tests of fit,
// each at a significance of 0.001. Seeds are fixed on both sides, so none comes out otherwise the
// next time; that all of some 30 pass is what equal distributions do 97 times of 100.
#include "support.h"

#include <imgcls/augment/aug_mix.h>
#include <imgcls/augment/color_jitter.h>
#include <imgcls/augment/pixel_mix.h>
#include <imgcls/augment/rand_augment.h>
#include <imgcls/augment/random_erase.h>
#include <imgcls/augment/trivial_augment_wide.h>

#include <fmt/format.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <map>
#include <optional>

using namespace imgcls;
using namespace imgcls::data;
using nlohmann::json;

namespace {

constexpr std::size_t kDraws = 20000;

json reference_of(const std::string& key) {
  std::ifstream file(IMGCLS_SOURCE_DIR "/tests/data/fit_reference.json");
  return json::parse(file).at(key);
}

Random numbers_of(std::size_t sample) {
  return {20261129, 0, sample, RandomStream::policy};
}

/// The greatest distance between two distribution functions, as a multiple of what samples of one
/// distribution exceed with a probability of 0.001 (Kolmogorov and Smirnov's test of two samples).
double distance(std::vector<double> numbers, const json& expected, std::size_t drawn) {
  std::sort(numbers.begin(), numbers.end());
  double greatest = 0;
  const std::vector<double> places = expected.at("at"), below = expected.at("not_above");
  for (std::size_t i = 0; i < places.size(); ++i) {
    const auto end = std::upper_bound(numbers.begin(), numbers.end(), places[i]);
    const auto share =
        static_cast<double>(end - numbers.begin()) / static_cast<double>(numbers.size());
    greatest = std::max(greatest, std::abs(share - below[i] / static_cast<double>(drawn)));
  }
  constexpr double kCritical = 1.9495;  // sqrt(-ln(0.001 / 2) / 2)
  return greatest / (kCritical * std::sqrt(1 / static_cast<double>(numbers.size()) +
                                           1 / static_cast<double>(drawn)));
}

using Counts = std::map<std::string, double>;

/// Chi-square of two samples' counts, as a multiple of what samples of one distribution exceed with
/// a probability of 0.001 (Wilson and Hilferty's approximation).
double chi_square(const Counts& counts, const Counts& expected) {
  double ours = 0, theirs = 0, sum = 0;
  Counts all = expected;
  for (const auto& [name, count] : counts) ours += count, all.try_emplace(name, 0);
  for (const auto& [name, count] : all) theirs += count;
  for (const auto& [name, count] : all) {
    const auto found = counts.find(name);
    const double mine = found == counts.end() ? 0 : found->second;
    const double difference = std::sqrt(theirs / ours) * mine - std::sqrt(ours / theirs) * count;
    sum += difference * difference / (mine + count);
  }
  constexpr double kNormal = 3.0902;
  const auto freedom = static_cast<double>(all.size() - 1);
  const double part = 2 / (9 * freedom);
  return sum / (freedom * std::pow(1 - part + kNormal * std::sqrt(part), 3));
}

/// The numbers of one draw; none where nothing was drawn.
using Row = std::optional<std::vector<double>>;

/// Compares what `draw` gives in the order of `names` with a case of the reference. The greatest of
/// the multiples.
template <class Draw>
double compare(const json& test, const std::vector<std::string>& names, const Draw& draw) {
  std::vector<std::vector<double>> columns(names.size());
  Counts counts{{"none", 0}, {"some", 0}};
  for (std::size_t sample = 0; sample < kDraws; ++sample) {
    const Row row = draw(sample);
    ++counts[row ? "some" : "none"];
    for (std::size_t i = 0; row && i < names.size(); ++i) columns[i].push_back(row->at(i));
  }
  const std::size_t drawn = test.at("draws"), none = test.at("none");
  double worst = none == 0 && counts["none"] == 0
                     ? 0
                     : chi_square(counts, {{"none", static_cast<double>(none)},
                                           {"some", static_cast<double>(drawn)}});
  for (std::size_t i = 0; i < names.size(); ++i) {
    const double found = distance(columns[i], test.at("numbers").at(names[i]), drawn - none);
    UNSCOPED_INFO(names[i] << ": " << found);
    worst = std::max(worst, found);
  }
  return worst;
}

double compare_crops(const json& test, const AugmentOptions& options) {
  const Size size{test["size"][0], test["size"][1]};
  return compare(test, {"area", "log_aspect", "x", "y"}, [&](std::size_t sample) -> Row {
    Random random(20261129, 0, sample, RandomStream::augment);
    const Rect r = plan_augment(size, options, random).region;
    const double area = static_cast<double>(r.width * r.height) / (size.width * size.height);
    return std::vector<double>{area, std::log(static_cast<double>(r.width) / r.height),
                               static_cast<double>(r.x), static_cast<double>(r.y)};
  });
}

AugmentOptions of_area(double least, double greatest) {
  return {.area_min = least, .area_max = greatest};
}

/// How often a policy takes each step.
Counts steps_of(const Policy& policy) {
  Counts counts;
  for (std::size_t sample = 0; sample < kDraws; ++sample) {
    Random random = numbers_of(sample);
    for (const PixelStep& step : policy.draw({64, 64}, random)) {
      ++counts[fmt::format("{} {:.5g}", step.operation->name, step.magnitude)];
    }
  }
  return counts;
}

Counts expected_counts(const json& test) {
  Counts counts;
  for (const auto& [name, count] : test.at("counts").items()) counts[name] = count;
  return counts;
}

}  // namespace

TEST_CASE("random resized crops are distributed as torchvision's") {
  for (const auto& test : reference_of("crops")) {
    INFO(test["size"]);
    CHECK(compare_crops(test, of_area(test["area"][0], test["area"][1])) < 1);
  }
}

TEST_CASE("erased rectangles are distributed as torchvision's") {
  for (const auto& test : reference_of("erasing")) {
    INFO(test["size"]);
    const RandomErase policy({.area_min = test["area"][0], .area_max = test["area"][1]});
    const Size size{test["size"][0], test["size"][1]};
    const double worst =
        compare(test, {"area", "log_aspect", "x", "y"}, [&](std::size_t sample) -> Row {
          Random random = numbers_of(sample);
          const auto steps = policy.draw(size, random);
          if (steps.empty()) return std::nullopt;
          const auto& numbers = steps.at(0).settings.numbers;
          const double x = numbers[0], y = numbers[1], w = numbers[2], h = numbers[3];
          return std::vector<double>{w * h / (size.width * size.height), std::log(h / w), x, y};
        });
    CHECK(worst < 1);
  }
}

TEST_CASE("colour jitter's factors and their order are distributed as torchvision's") {
  const json test = reference_of("jitter").at(0);
  const ColorJitter policy({.brightness = 0.4, .contrast = 0.9, .saturation = 2, .hue = 0.1});
  const std::vector<std::string> names{"brightness", "contrast", "color", "hue"};
  Counts orders;
  CHECK(compare(test, names, [&](std::size_t sample) -> Row {
          Random random = numbers_of(sample);
          std::vector<double> factors(4);
          std::string order;
          for (const PixelStep& step : policy.draw({64, 64}, random)) {
            const std::string& name = step.operation->name;
            const auto at = std::find(names.begin(), names.end(), name) - names.begin();
            factors.at(static_cast<std::size_t>(at)) = step.magnitude + (name == "hue" ? 0 : 1);
            order += (order.empty() ? "" : " ") + name;
          }
          ++orders[order];
          return factors;
        }) < 1);
  CHECK(orders.size() == 24);
  CHECK(chi_square(orders, test.at("orders").get<Counts>()) < 1);
}

TEST_CASE("policies take each step as often as torchvision's") {
  CHECK(chi_square(steps_of(RandAugment({})), expected_counts(reference_of("rand_augment").at(0))) <
        1);
  CHECK(chi_square(steps_of(TrivialAugmentWide({})),
                   expected_counts(reference_of("trivial_augment_wide").at(0))) < 1);
}

TEST_CASE("AugMix's shares are distributed as torchvision's") {
  for (const auto& test : reference_of("shares")) {
    INFO(test["alpha"]);
    const AugMix policy({.mixture_width = test["width"], .alpha = test["alpha"]});
    CHECK(compare(test, {"own", "first", "most"}, [&](std::size_t sample) -> Row {
            Random random = numbers_of(sample);
            const PixelMix mix = *policy.draw({8, 8}, random).at(0).settings.mix;
            double most = 0, rest = 0;
            for (const PixelMix::Part& part : mix.parts) {
              most = std::max<double>(most, part.share);
              rest += part.share;
            }
            return std::vector<double>{mix.own, mix.parts[0].share / rest, most / rest};
          }) < 1);
  }
}

TEST_CASE("the tests of fit see distributions that differ a little") {
  const json crops = reference_of("crops").at(0);
  CHECK(compare_crops(crops, of_area(0.1, 1)) > 1);
  AugmentOptions dali = of_area(0.08, 1);
  dali.aspect_max = 1.4;
  CHECK(compare_crops(crops, dali) > 1);
  Counts counts = expected_counts(reference_of("rand_augment").at(0));
  CHECK(chi_square(steps_of(RandAugment({.magnitude = 10})), counts) > 1);
  counts["identity 0"] *= 1.15;
  CHECK(chi_square(steps_of(RandAugment({})), counts) > 1);
}
