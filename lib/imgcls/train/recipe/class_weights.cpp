#include <imgcls/core/error.h>
#include <imgcls/train/recipe/class_weights.h>

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <vector>

namespace imgcls::train {
namespace {

void require_one_each(const std::vector<double>& weights, std::size_t classes) {
  if (weights.size() != classes) {
    throw ConfigError(
        fmt::format("loss.class_weights must have a number for each of the {} classes, in the "
                    "order of their names, not {}",
                    classes, weights.size()));
  }
  if (std::ranges::all_of(weights, [](double weight) { return weight == 0; })) {
    throw ConfigError("loss.class_weights must have a number above 0, not zeros alone");
  }
}

std::vector<std::int64_t> images_of_classes(const data::Source& source) {
  std::vector<std::int64_t> images(source.classes().size());
  for (std::size_t i = 0; i < source.size(); ++i) {
    ++images.at(static_cast<std::size_t>(source.label(i)));
  }
  return images;
}

}  // namespace

LossOptions with_class_weights(LossOptions options, const data::Source& train) {
  const std::size_t classes = train.classes().size();
  std::vector<double>& weights = options.class_weights;
  if (!weights.empty()) require_one_each(weights, classes);
  if (!options.balanced) return options;
  options.balanced = false;
  weights.resize(classes, 1);
  const auto images = images_of_classes(train);
  for (std::size_t i = 0; i < classes; ++i) {
    if (images[i] == 0) {
      throw ConfigError(fmt::format(
          "loss.balanced needs training images of each class, and \"{}\" has none; give "
          "loss.class_weights instead",
          train.classes()[i]));
    }
    weights[i] *= static_cast<double>(train.size()) / static_cast<double>(classes) /
                  static_cast<double>(images[i]);
  }
  return options;
}

}  // namespace imgcls::train
