// Logits at the edges (NaN, infinite, tied): all that tells of an evaluation says the same.
#include "../support/temp_folder.h"
#include "../support/toy_source.h"

#include <imgcls/core/file.h>
#include <imgcls/train/eval_files.h>
#include <imgcls/train/evaluate.h>

#include <ATen/ops/tensor.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <charconv>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <random>
#include <sstream>

using namespace imgcls;
using Catch::Matchers::Contains;

namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInf = std::numeric_limits<float>::infinity();

using Logits = std::vector<float>;  // an image's

struct Images {
  std::vector<Logits> logits;
  std::vector<std::int64_t> labels;

  at::Tensor logits_tensor() const {
    std::vector<float> all;
    for (const Logits& row : logits) all.insert(all.end(), row.begin(), row.end());
    return at::tensor(all).view({static_cast<std::int64_t>(logits.size()), -1});
  }
  at::Tensor labels_tensor() const { return at::tensor(labels); }
};

/// The rule in a few lines: the highest logit, of equals the first; none with a NaN.
std::optional<std::size_t> predicted(const Logits& row) {
  if (std::ranges::any_of(row, [](float x) { return std::isnan(x); })) return {};
  return static_cast<std::size_t>(std::ranges::max_element(row) - row.begin());
}

bool is_in_top(const Logits& row, std::size_t label, int places) {
  if (!predicted(row)) return false;
  int ahead = 0;
  for (std::size_t k = 0; k < row.size(); ++k) {
    ahead += row[k] > row[label] || (row[k] == row[label] && k < label) ? 1 : 0;
  }
  return ahead < places;
}

/// Images whose logits are of few values, so that all kinds of ties come.
Images random_images(std::size_t images, std::size_t classes, bool with_nan) {
  // The first two differ in the logit and not in the softmax.
  const std::vector<float> values{0, 1e-9F, -0.F, -1, 1, 1, -kInf, kInf, 3e38F, -3e38F};
  std::mt19937 random(static_cast<unsigned>(classes));
  Images made;
  for (std::size_t i = 0; i < images; ++i) {
    Logits row;
    // Some rows have one value alone, among them one of infinities.
    const auto kinds = static_cast<unsigned>(i % 3 == 0 ? 1 : values.size());
    const auto first = static_cast<unsigned>(random() % values.size());
    for (std::size_t k = 0; k < classes; ++k) {
      row.push_back(values[(first + random() % kinds) % values.size()]);
    }
    if (with_nan && i % 5 == 0) row[random() % classes] = i % 2 == 0 ? kNan : -kNan;
    made.logits.push_back(std::move(row));
    made.labels.push_back(static_cast<std::int64_t>(random() % classes));
  }
  return made;
}

}  // namespace

TEST_CASE("counts, classes and confusions agree with the rule, whatever the logits are") {
  const bool with_nan = GENERATE(false, true);
  for (const std::size_t classes : {1U, 2U, 4U, 7U, 65U}) {
    const Images images = random_images(400, classes, with_nan);
    const train::EvalCounts counts = train::count(images.logits_tensor(), images.labels_tensor());
    train::EvalDetails details(classes);
    details.add(images.logits_tensor(), images.labels_tensor());

    std::vector<std::int64_t> of_class(classes), confused(classes * classes);
    std::int64_t top1 = 0, top5 = 0, without = 0;
    for (std::size_t i = 0; i < images.logits.size(); ++i) {
      const Logits& row = images.logits[i];
      const auto label = static_cast<std::size_t>(images.labels[i]);
      ++of_class[label];
      if (const auto guess = predicted(row)) {
        ++confused[label * classes + *guess];
        top1 += *guess == label ? 1 : 0;
      } else {
        ++without;
      }
      top5 += is_in_top(row, label, 5) ? 1 : 0;
    }
    INFO(classes << " classes");
    CHECK(counts.images == 400);
    CHECK(counts.top1 == top1);
    CHECK(counts.top5 == top5);
    CHECK(details.without_prediction() == without);
    std::int64_t right = 0, all = 0;
    for (std::size_t label = 0; label < classes; ++label) {
      CHECK(details.images(label) == of_class[label]);
      all += details.images(label);
      right += details.right(label);
      for (std::size_t k = 0; k < classes; ++k) {
        CHECK(details.confused(label, k) == confused[label * classes + k]);
      }
    }
    CHECK(right == counts.top1);
    CHECK(all == counts.images);
  }
}

TEST_CASE("a loss that is no finite number is told as what it is") {
  const auto loss = [](const std::vector<Logits>& logits) {
    const Images images{logits, std::vector<std::int64_t>(logits.size(), 0)};
    return train::count(images.logits_tensor(), images.labels_tensor()).loss();
  };
  CHECK(std::isnan(loss({{1, kNan}})));
  CHECK(std::isnan(loss({{1, kInf}})));
  CHECK(std::isnan(loss({{-kInf, -kInf}})));
  CHECK(std::isnan(loss({{0, 0}, {-kNan, 0}, {0, 0}})));  // one is enough
  CHECK(fmt::format("{:.4f}", loss({{-kNan, 0}})) == "nan");
  CHECK(loss({{-kInf, 0}}) == std::numeric_limits<double>::infinity());
  CHECK(loss({{0, 0}, {-kInf, 0}}) == std::numeric_limits<double>::infinity());
  CHECK(std::isnan(loss({{-kInf, 0}, {kNan, 0}})));
  // Finite ones are, however large: beyond 5e11 an integer has no room for units of 2^-24.
  CHECK(loss({{0, 0}, {0, 12345}}) == Approx((std::log(2.0) + 12345) / 2));
  CHECK(loss({{0, 65536}}) == 65536);
  CHECK(loss({{0, 65537}, {0, 65535}}) == 65536);
  CHECK(loss({{0, 1e6F}, {0, 3e6F}}) == 2e6);
  CHECK(loss({{0, 0x1p100F}}) == 0x1p100);
}

TEST_CASE("accuracies in per cent have the digits that they have") {
  const auto shortest = [](double number) {
    std::array<char, 32> text{};
    return std::string(text.data(),
                       std::to_chars(text.data(), text.data() + text.size(), number).ptr);
  };
  CHECK(shortest(train::EvalCounts{.images = 500, .top1 = 181}.acc1()) == "36.2");
  CHECK(shortest(train::EvalCounts{.images = 500, .top5 = 181}.acc5()) == "36.2");
  // Of numbers of images that divide a power of ten, each count has few digits.
  constexpr std::int64_t kParts = 100'000'000;  // 1e-6 of a per cent
  for (std::int64_t images = 1; images <= 10'000; ++images) {
    if (kParts % images != 0) continue;
    for (std::int64_t right = 0; right <= images; ++right) {
      const std::int64_t parts = right * (kParts / images);
      std::string digits = fmt::format("{}.{:06}", parts / 1'000'000, parts % 1'000'000);
      digits.erase(digits.find_last_not_of('0') + 1);
      if (digits.ends_with('.')) digits.pop_back();
      const double accuracy = train::EvalCounts{.images = images, .top1 = right}.acc1();
      double read = 0;
      std::from_chars(digits.data(), digits.data() + digits.size(), read);
      if (accuracy != read) FAIL(right << " of " << images << ": " << shortest(accuracy));
    }
  }
}

TEST_CASE("the worst mistakes are those without a loss, then the infinite ones, in any order") {
  constexpr double kNone = kNan, kInfinite = kInf;
  const std::vector<train::Mistake> all{{.sample = 1, .predicted = 1, .loss = 3},
                                        {.sample = 2, .predicted = {}, .loss = kNone},
                                        {.sample = 3, .predicted = 1, .loss = kInfinite},
                                        {.sample = 4, .predicted = {}, .loss = -kNone},
                                        {.sample = 5, .predicted = 1, .loss = kInfinite},
                                        {.sample = 6, .predicted = 1, .loss = 9}};
  std::vector<std::size_t> order{0, 1, 2, 3, 4, 5};
  do {
    train::WorstMistakes worst(5);
    for (const std::size_t i : order) worst.add(all[i]);
    std::vector<std::uint64_t> samples;
    for (const train::Mistake& mistake : worst.worst()) samples.push_back(mistake.sample);
    REQUIRE(samples == std::vector<std::uint64_t>{2, 4, 3, 5, 6});
  } while (std::ranges::next_permutation(order).found);
}

TEST_CASE("a mistake has the cross-entropy, also where the probability is too small for a float") {
  train::EvalDetails details(2);
  const std::vector<std::uint64_t> samples{7, 8, 9};
  const Images images{{{0, 200}, {-kInf, 0}, {kNan, 1}}, {0, 0, 1}};
  details.add(images.logits_tensor(), images.labels_tensor(), samples);
  const auto& mistakes = details.mistakes();
  REQUIRE(mistakes.size() == 3);
  CHECK(mistakes[0].sample == 9);
  CHECK_FALSE(mistakes[0].predicted);
  CHECK(std::isnan(mistakes[0].loss));
  CHECK(std::isnan(mistakes[0].probability));
  CHECK(mistakes[1].sample == 8);
  CHECK(mistakes[1].predicted == 1U);
  CHECK(std::isinf(mistakes[1].loss));
  CHECK(mistakes[1].probability == 1);
  CHECK(mistakes[2].loss == 200);
}

TEST_CASE("the calibration error is told to be none where an image has no probabilities") {
  const auto error = [](const std::vector<Logits>& logits) {
    const Images images{logits, std::vector<std::int64_t>(logits.size(), 0)};
    train::EvalDetails details(2);
    details.add(images.logits_tensor(), images.labels_tensor());
    return details.calibration_error();
  };
  CHECK(error({{0, 0}, {-kInf, 0}}) == Approx(0.75));
  CHECK(std::isnan(error({{0, 0}, {kNan, 0}})));
  CHECK(std::isnan(error({{0, 0}, {kInf, 0}})));
}

TEST_CASE("the files of an evaluation say nan, and count as top-1 does") {
  const test::TempFolder folder;
  const test::ToySource source(4, 1);
  const Images images{{{kNan, 0, 0, 0}, {0, kInf, 0, 0}, {0, 0, -kNan, 0}, {0, 0, 0, -kInf}},
                      {0, 1, 2, 3}};
  train::EvalDetails details(4);
  const std::vector<std::uint64_t> samples{0, 1, 2, 3};
  details.add(images.logits_tensor(), images.labels_tensor(), samples);
  train::write_eval_files(folder.path(),
                          train::count(images.logits_tensor(), images.labels_tensor()), details,
                          source, {});
  const auto summary = nlohmann::json::parse(read_text(folder / "eval.json"));
  CHECK(summary.at("images") == 4);
  CHECK(summary.at("top1") == 1);
  CHECK(summary.at("top5") == 2);
  CHECK(summary.at("acc1") == 25);
  CHECK(summary.at("loss").is_null());
  CHECK(summary.at("calibration_error").is_null());
  CHECK(summary.at("without_prediction") == 2);
  CHECK(read_text(folder / "per_class.csv") ==
        "class,id,images,right,acc1,most_often_taken_for\n"
        "0,north-west,1,0,0.0000,\n"
        "1,north-east,1,1,100.0000,\n"
        "2,south-west,1,0,0.0000,\n"
        "3,south-east,1,0,0.0000,north-west\n");
  CHECK(read_text(folder / "confusion.csv") ==
        "class,north-west,north-east,south-west,south-east\n"
        "north-west,0,0,0,0\nnorth-east,0,1,0,0\nsouth-west,0,0,0,0\nsouth-east,1,0,0,0\n");
  CHECK(read_text(folder / "mistakes.csv") ==
        "place,sample,name,class,predicted,probability,loss,thumbnail\n"
        "1,0,toy:0,north-west,,nan,nan,mistakes/01.jpg\n"
        "2,2,toy:2,south-west,,nan,nan,mistakes/02.jpg\n"
        "3,3,toy:3,south-east,north-west,0.333333,inf,mistakes/03.jpg\n");
}
