#include <imgcls/core/file.h>
#include <imgcls/data/loader.h>
#include <imgcls/data/write_png.h>
#include <imgcls/report/csv_field.h>
#include <imgcls/train/eval_details.h>

#include <ATen/core/Reduction.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <optional>

namespace imgcls::train {

EvalDetails::EvalDetails(std::size_t classes)
    : classes_(classes), images_(classes, 0), confusion_(classes * classes, 0) {}

EvalGuesses look(const at::Tensor& all_logits, const at::Tensor& labels) {
  const at::NoGradGuard no_grad;
  const at::Tensor logits = all_logits.to(at::kFloat);
  // By the logits: different ones may have the same probability, and those of infinities have none.
  const at::Tensor highest = logits.argmax(1);
  const at::Tensor probability = logits.softmax(1).gather(1, highest.unsqueeze(1)).squeeze(1);
  return {labels, highest.masked_fill(logits.isnan().any(1), EvalGuesses::kNoClass), probability,
          at::cross_entropy_loss(logits, labels, /*weight=*/{}, at::Reduction::None,
                                 data::kSkippedLabel)};
}

void EvalDetails::add(const EvalGuesses& guesses, std::span<const std::uint64_t> samples) {
  const auto* const labels = guesses.labels.const_data_ptr<std::int64_t>();
  const auto* const predicted = guesses.predicted.const_data_ptr<std::int64_t>();
  const auto* const probability = guesses.probability.const_data_ptr<float>();
  const auto* const loss = guesses.loss.const_data_ptr<float>();
  for (std::int64_t i = 0; i < guesses.labels.numel(); ++i) {
    if (labels[i] == data::kSkippedLabel) continue;
    const auto label = static_cast<std::size_t>(labels[i]);
    std::optional<std::size_t> guess;
    if (predicted[i] != EvalGuesses::kNoClass) guess = static_cast<std::size_t>(predicted[i]);
    ++images_[label];
    if (guess) ++confusion_[label * classes_ + *guess];
    add_to_bin(probability[i], guess == label);
    if (samples.empty() || guess == label) continue;
    mistakes_.add({.sample = samples[static_cast<std::size_t>(i)],
                   .label = label,
                   .predicted = guess,
                   .probability = probability[i],
                   .loss = loss[i]});
  }
}

void EvalDetails::add_to_bin(double probability, bool right) {
  if (std::isnan(probability)) {
    ++without_probabilities_;
    return;
  }
  Bin& bin = bins_[static_cast<std::size_t>(
      std::clamp<int>(static_cast<int>(std::ceil(probability * kBins)) - 1, 0, kBins - 1))];
  ++bin.images;
  bin.right += right ? 1 : 0;
  bin.probability_units += std::llround(probability * 0x1p24);
}

void EvalDetails::sum(dist::World& world) {
  world.sum(images_);
  world.sum(confusion_);
  std::vector<std::int64_t> numbers;
  for (const Bin& bin : bins_) {
    numbers.insert(numbers.end(), {bin.images, bin.right, bin.probability_units});
  }
  numbers.push_back(without_probabilities_);
  world.sum(numbers);
  without_probabilities_ = numbers.back();
  mistakes_.gather(world);
  for (std::size_t i = 0; i < bins_.size(); ++i) {
    bins_[i] = {numbers[3 * i], numbers[3 * i + 1], numbers[3 * i + 2]};
  }
}

std::int64_t EvalDetails::without_prediction() const {
  return std::accumulate(images_.begin(), images_.end(), std::int64_t{0}) -
         std::accumulate(confusion_.begin(), confusion_.end(), std::int64_t{0});
}

double EvalDetails::calibration_error() const {
  if (without_probabilities_ > 0) return std::numeric_limits<double>::quiet_NaN();
  double error = 0;
  std::int64_t images = 0;
  for (const Bin& bin : bins_) {
    images += bin.images;
    error += std::abs(static_cast<double>(bin.right) -
                      static_cast<double>(bin.probability_units) * 0x1p-24);
  }
  return images == 0 ? 0 : error / static_cast<double>(images);
}

void write_per_class(const EvalDetails& details, std::span<const std::string> names,
                     const std::filesystem::path& csv) {
  std::string text = "class,id,images,right,acc1,most_often_taken_for\n";
  for (std::size_t label = 0; label < details.classes(); ++label) {
    const std::int64_t images = details.images(label);
    std::size_t other = label;
    for (std::size_t k = 0; k < details.classes(); ++k) {
      if (k == label || details.confused(label, k) == 0) continue;
      if (other == label || details.confused(label, k) > details.confused(label, other)) other = k;
    }
    const std::string accuracy =
        images == 0 ? ""
                    : fmt::format("{:.4f}", 100.0 * static_cast<double>(details.right(label)) /
                                                static_cast<double>(images));
    text += fmt::format("{},{},{},{},{},{}\n", label, report::csv_field(names[label]), images,
                        details.right(label), accuracy,
                        other == label ? "" : report::csv_field(names[other]));
  }
  replace_file(csv, text);
}

void write_confusion(const EvalDetails& details, std::span<const std::string> names,
                     const std::filesystem::path& csv) {
  std::string text = "class";
  for (const std::string& name : names) text += fmt::format(",{}", report::csv_field(name));
  text += "\n";
  for (std::size_t label = 0; label < details.classes(); ++label) {
    text += report::csv_field(names[label]);
    for (std::size_t k = 0; k < details.classes(); ++k) {
      text += fmt::format(",{}", details.confused(label, k));
    }
    text += "\n";
  }
  replace_file(csv, text);
}

void draw_confusion(const EvalDetails& details, const std::filesystem::path& png) {
  constexpr std::size_t kLeastSide = 400;
  const std::size_t classes = details.classes();
  const std::size_t cell = std::max<std::size_t>(1, kLeastSide / classes);
  data::Image image;
  image.size = {static_cast<int>(classes * cell), static_cast<int>(classes * cell)};
  image.pixels.resize(classes * cell * classes * cell * 3);
  for (std::size_t y = 0; y < classes * cell; ++y) {
    const std::size_t label = y / cell;
    const auto images = static_cast<double>(std::max<std::int64_t>(1, details.images(label)));
    std::uint8_t* row = image.row(static_cast<int>(y));
    for (std::size_t x = 0; x < classes * cell; ++x) {
      const double share = static_cast<double>(details.confused(label, x / cell)) / images;
      // The root shows rare confusions; blue for what is right, red for what is not.
      const auto pale = static_cast<std::uint8_t>(std::lround(255 * (1 - std::sqrt(share))));
      const bool right = label == x / cell;
      row[3 * x] = right ? pale : std::uint8_t{255};
      row[3 * x + 1] = pale;
      row[3 * x + 2] = right ? std::uint8_t{255} : pale;
    }
  }
  data::write_png(image, png);
}

}  // namespace imgcls::train
