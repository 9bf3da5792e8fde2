#include <imgcls/core/file.h>
#include <imgcls/data/loader.h>
#include <imgcls/image/encode.h>
#include <imgcls/log/csv_field.h>
#include <imgcls/train/eval_details.h>

#include <ATen/core/Reduction.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <optional>
#include <type_traits>
#include <utility>

namespace imgcls::train {

static_assert(std::is_trivially_copyable_v<Confusion>);

EvalDetails::EvalDetails(std::size_t classes)
    : classes_(classes), images_(classes, 0), right_(classes, 0) {}

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
    guess ? ++confusion_[label * classes_ + *guess] : ++without_prediction_;
    if (guess == label) ++right_[label];
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
  world.sum(right_);
  gather_confusions(world);
  std::vector<std::int64_t> numbers;
  for (const Bin& bin : bins_) {
    numbers.insert(numbers.end(), {bin.images, bin.right, bin.probability_units});
  }
  numbers.insert(numbers.end(), {without_prediction_, without_probabilities_});
  world.sum(numbers);
  without_probabilities_ = numbers.back();
  without_prediction_ = numbers[numbers.size() - 2];
  mistakes_.gather(world);
  for (std::size_t i = 0; i < bins_.size(); ++i) {
    bins_[i] = {numbers[3 * i], numbers[3 * i + 1], numbers[3 * i + 2]};
  }
}

void EvalDetails::gather_confusions(dist::World& world) {
  if (world.size() == 1) return;
  // Ranks send rank 0 theirs as bytes.
  const std::vector<Confusion> mine = confusions();
  const std::string_view bytes(reinterpret_cast<const char*>(mine.data()),
                               mine.size() * sizeof(Confusion));
  const std::vector<std::string> all = world.gather(world.is_first() ? "" : bytes);
  if (!world.is_first()) return confusion_.clear();
  for (const std::string& others : all) {
    for (std::size_t at = 0; at < others.size(); at += sizeof(Confusion)) {
      Confusion pair;
      std::memcpy(&pair, others.data() + at, sizeof pair);
      confusion_[pair.label * classes_ + pair.predicted] += pair.images;
    }
  }
}

std::int64_t EvalDetails::confused(std::size_t label, std::size_t predicted) const {
  const auto found = confusion_.find(label * classes_ + predicted);
  return found == confusion_.end() ? 0 : found->second;
}

std::vector<Confusion> EvalDetails::confusions() const {
  std::vector<Confusion> all;
  all.reserve(confusion_.size());
  for (const auto& [place, images] : confusion_) {
    all.push_back({.label = static_cast<std::size_t>(place / classes_),
                   .predicted = static_cast<std::size_t>(place % classes_),
                   .images = images});
  }
  std::ranges::sort(all, {}, [](const Confusion& c) { return std::pair(c.label, c.predicted); });
  return all;
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
  std::vector<Confusion> most(details.classes());  // of each class, of what is wrong
  for (const Confusion& pair : details.confusions()) {
    const bool wrong = pair.label != pair.predicted;
    if (wrong && pair.images > most[pair.label].images) most[pair.label] = pair;
  }
  std::string text = "class,id,images,right,acc1,most_often_taken_for\n";
  for (std::size_t label = 0; label < details.classes(); ++label) {
    const std::int64_t images = details.images(label);
    const std::string accuracy =
        images == 0 ? ""
                    : fmt::format("{:.4f}", 100.0 * static_cast<double>(details.right(label)) /
                                                static_cast<double>(images));
    text += fmt::format(
        "{},{},{},{},{},{}\n", label, report::csv_name(names[label]), images, details.right(label),
        accuracy, most[label].images == 0 ? "" : report::csv_name(names[most[label].predicted]));
  }
  replace_file(csv, text);
}

std::string_view confusion_file(const EvalDetails& details) {
  return details.classes() <= kMostInMatrix ? "confusion.csv" : "confusion_pairs.csv";
}

namespace {

std::string matrix_text(const EvalDetails& details, std::span<const std::string> names) {
  const std::vector<Confusion> confusions = details.confusions();
  auto next = confusions.begin();
  std::string text = "class";
  for (const std::string& name : names) text += fmt::format(",{}", report::csv_name(name));
  text += "\n";
  for (std::size_t label = 0; label < details.classes(); ++label) {
    text += report::csv_name(names[label]);
    for (std::size_t k = 0; k < details.classes(); ++k) {
      const bool seen = next != confusions.end() && next->label == label && next->predicted == k;
      text += fmt::format(",{}", seen ? (next++)->images : 0);
    }
    text += "\n";
  }
  return text;
}

std::string pairs_text(const EvalDetails& details) {
  std::string text = "class,predicted,images\n";
  for (const Confusion& pair : details.confusions()) {
    text += fmt::format("{},{},{}\n", pair.label, pair.predicted, pair.images);
  }
  return text;
}

}  // namespace

void write_confusion(const EvalDetails& details, std::span<const std::string> names,
                     const std::filesystem::path& folder) {
  for (const char* file : {"confusion.csv", "confusion_pairs.csv"}) {
    if (file != confusion_file(details)) remove_tree(folder / file);
  }
  const bool is_matrix = details.classes() <= kMostInMatrix;
  replace_file(folder / confusion_file(details),
               is_matrix ? matrix_text(details, names) : pairs_text(details));
}

void draw_confusion(const EvalDetails& details, const std::filesystem::path& png) {
  constexpr std::size_t kLeastSide = 400;
  const std::size_t cells = std::min(details.classes(), kMostInMatrix);
  const auto cell_of = [&](std::size_t label) { return label * cells / details.classes(); };
  std::vector<std::int64_t> counts(cells * cells), totals(cells);
  for (const Confusion& pair : details.confusions()) {
    counts[cell_of(pair.label) * cells + cell_of(pair.predicted)] += pair.images;
  }
  for (std::size_t label = 0; label < details.classes(); ++label) {
    totals[cell_of(label)] += details.images(label);
  }
  const std::size_t width = std::max<std::size_t>(1, kLeastSide / cells), side = cells * width;
  data::Image image;
  image.size = {static_cast<int>(side), static_cast<int>(side)};
  image.pixels.resize(side * side * 3);
  for (std::size_t y = 0; y < side; ++y) {
    const std::size_t label = y / width;
    const auto images = static_cast<double>(std::max<std::int64_t>(1, totals[label]));
    std::uint8_t* row = image.row(static_cast<int>(y));
    for (std::size_t x = 0; x < side; ++x) {
      const double share = static_cast<double>(counts[label * cells + x / width]) / images;
      // The root shows rare confusions; blue for what is right, red for what is not.
      const auto pale = static_cast<std::uint8_t>(std::lround(255 * (1 - std::sqrt(share))));
      const bool right = label == x / width;
      row[3 * x] = right ? pale : std::uint8_t{255};
      row[3 * x + 1] = pale;
      row[3 * x + 2] = right ? std::uint8_t{255} : pale;
    }
  }
  data::write_png(image, png);
}

}  // namespace imgcls::train
