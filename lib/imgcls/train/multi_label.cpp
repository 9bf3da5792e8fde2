#include <imgcls/train/multi_label.h>
#include <imgcls/train/recipe/draws.h>

#include <ATen/ops/zeros.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>
#include <numeric>
#include <string>
#include <string_view>

namespace imgcls::train {
namespace {

/// The mean of a figure over the classes that images have.
template <class Figure>
double mean_over_classes(std::span<const ClassFigures> classes, const Figure& figure) {
  double sum = 0;
  std::size_t count = 0;
  for (const ClassFigures& each : classes) {
    if (each.images == 0) continue;
    sum += figure(each);
    ++count;
  }
  return count == 0 ? std::numeric_limits<double>::quiet_NaN() : sum / static_cast<double>(count);
}

double f1_of(std::int64_t images, std::int64_t found, std::int64_t wrong) {
  const std::int64_t all = images + found + wrong;
  return all == 0 ? 0 : 2 * static_cast<double>(found) / static_cast<double>(all);
}

template <class T>
std::string_view bytes_of(const std::vector<T>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
}

/// All ranks' values, one rank's behind the other's.
template <class T>
std::vector<T> gathered(const std::vector<T>& mine, dist::World& world) {
  std::vector<T> all;
  for (const std::string& part : world.gather(bytes_of(mine))) {
    const std::size_t before = all.size();
    all.resize(before + part.size() / sizeof(T));
    std::memcpy(all.data() + before, part.data(), part.size());
  }
  return all;
}

/// Average precision; `order` has the images from the highest logit on.
double average_precision(std::span<const float> logits, std::span<const bool> has_class,
                         std::span<const std::size_t> order, std::int64_t images) {
  double ap = 0;
  std::int64_t found = 0, before = 0;
  for (std::size_t i = 0; i < order.size(); ++i) {
    found += has_class[order[i]] ? 1 : 0;
    const bool is_tied = i + 1 < order.size() && logits[order[i]] == logits[order[i + 1]];
    if (is_tied || found == before) continue;
    const double precision = static_cast<double>(found) / static_cast<double>(i + 1);
    ap += precision * static_cast<double>(found - before);
    before = found;
  }
  return ap / static_cast<double>(images);
}

}  // namespace

double ClassFigures::f1() const {
  return f1_of(images, found, wrong);
}

double MultiLabelFigures::map() const {
  return mean_over_classes(classes, [](const ClassFigures& each) { return each.ap; });
}

double MultiLabelFigures::macro_f1() const {
  return mean_over_classes(classes, [](const ClassFigures& each) { return each.f1(); });
}

double MultiLabelFigures::micro_f1() const {
  ClassFigures all;
  for (const ClassFigures& each : classes) {
    all.images += each.images;
    all.found += each.found;
    all.wrong += each.wrong;
  }
  return all.f1();
}

std::size_t MultiLabelFigures::classes_without_images() const {
  return static_cast<std::size_t>(std::ranges::count(classes, 0, &ClassFigures::images));
}

ClassFigures class_figures(std::span<const float> logits, std::span<const bool> has_class) {
  ClassFigures figures;
  for (std::size_t i = 0; i < logits.size(); ++i) {
    figures.images += has_class[i] ? 1 : 0;
    if (logits[i] > 0) ++(has_class[i] ? figures.found : figures.wrong);
  }
  const bool is_broken = std::ranges::any_of(logits, [](float logit) { return std::isnan(logit); });
  if (figures.images == 0 || is_broken) return figures;
  std::vector<std::size_t> order(logits.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::sort(order, std::greater<>(), [&](std::size_t i) { return logits[i]; });
  figures.ap = average_precision(logits, has_class, order, figures.images);
  return figures;
}

at::Tensor label_rows(const data::Batch& batch, const data::Source& source,
                      const at::Device& device) {
  const auto classes = static_cast<std::int64_t>(source.classes().size());
  const auto images = static_cast<std::int64_t>(batch.size);
  std::vector<std::int64_t> places;
  for (std::int64_t i = 0; i < images; ++i) {
    const auto sample = static_cast<std::size_t>(batch.samples[static_cast<std::size_t>(i)]);
    const auto labels = source.label_set(sample);
    for (const std::int64_t label : labels.value()) places.push_back(i * classes + label);
  }
  at::Tensor rows =
      at::zeros({images * classes}, at::TensorOptions().dtype(at::kFloat).device(device));
  if (!places.empty()) rows.index_fill_(0, on_device(places, device), 1);
  return rows.view({images, classes});
}

void MultiLabelScores::add(const at::Tensor& logits, std::span<const std::uint64_t> samples,
                           std::span<const std::int64_t> labels) {
  const at::Tensor host = logits.contiguous();
  const auto classes = static_cast<std::size_t>(host.size(1));
  const float* row = host.const_data_ptr<float>();
  for (std::size_t i = 0; i < samples.size(); ++i, row += classes) {
    if (labels[i] == data::kSkippedLabel) continue;
    logits_.insert(logits_.end(), row, row + classes);
    samples_.push_back(samples[i]);
  }
}

MultiLabelFigures MultiLabelScores::figures(dist::World& world) const {
  // So many values at once, over all ranks.
  constexpr std::size_t kMost = std::size_t{1} << 24;
  const std::size_t classes = source_.classes().size();
  const std::vector<std::uint64_t> samples = gathered(samples_, world);
  const std::size_t images = samples.size();
  const std::size_t at_once =
      std::clamp<std::size_t>(kMost / std::max<std::size_t>(1, images), 1, classes);
  MultiLabelFigures figures;
  for (std::size_t first = 0; first < classes; first += at_once) {
    const std::size_t count = std::min(at_once, classes - first);
    std::vector<float> mine;
    mine.reserve(samples_.size() * count);
    for (std::size_t i = 0; i < samples_.size(); ++i) {
      const auto row = logits_.begin() + static_cast<std::ptrdiff_t>(i * classes + first);
      mine.insert(mine.end(), row, row + static_cast<std::ptrdiff_t>(count));
    }
    const std::vector<float> all = gathered(mine, world);
    const auto has = std::make_unique<bool[]>(count * images);  // class by class
    for (std::size_t i = 0; i < images; ++i) {
      const auto labels = source_.label_set(samples[i]);
      for (const std::int64_t label : labels.value()) {
        const std::size_t place = static_cast<std::size_t>(label) - first;
        if (place < count) has[place * images + i] = true;
      }
    }
    std::vector<float> of_class(images);
    for (std::size_t k = 0; k < count; ++k) {
      for (std::size_t i = 0; i < images; ++i) of_class[i] = all[i * count + k];
      figures.classes.push_back(class_figures(of_class, {has.get() + k * images, images}));
    }
  }
  return figures;
}

}  // namespace imgcls::train
