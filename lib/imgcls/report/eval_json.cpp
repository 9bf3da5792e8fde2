#include <imgcls/core/base64.h>
#include <imgcls/report/eval_json.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace imgcls::report {
namespace {

using nlohmann::json;

// A matrix of more classes cannot be read; their most confused pairs can.
constexpr std::size_t kMostInMatrix = 40;
constexpr std::size_t kMostPairs = 30;

/// The bytes of a JPEG as an image's address; null where there are none.
json picture_json(const std::string& jpeg) {
  if (jpeg.empty()) return nullptr;
  return "data:image/jpeg;base64," + base64(std::as_bytes(std::span(jpeg)));
}

json matrix_json(const EvalFiles& eval) {
  const std::size_t classes = eval.classes.size();
  if (!eval.confusion || classes > kMostInMatrix) return nullptr;
  std::vector<std::vector<std::int64_t>> rows(classes, std::vector<std::int64_t>(classes));
  for (const Confusion& pair : *eval.confusion) rows[pair.truth][pair.predicted] = pair.images;
  return rows;
}

/// The pairs of classes with the most images of the one taken for the other.
json pairs_json(const EvalFiles& eval) {
  std::vector<Confusion> wrong;
  for (const Confusion& pair : eval.confusion.value_or(std::vector<Confusion>{})) {
    if (pair.truth != pair.predicted) wrong.push_back(pair);
  }
  std::stable_sort(wrong.begin(), wrong.end(),
                   [](const Confusion& a, const Confusion& b) { return a.images > b.images; });
  wrong.resize(std::min(kMostPairs, wrong.size()));
  json pairs = json::array();
  for (const Confusion& pair : wrong) {
    pairs.push_back({{"truth", eval.classes[pair.truth].name},
                     {"predicted", eval.classes[pair.predicted].name},
                     {"images", pair.images},
                     {"of", eval.classes[pair.truth].images}});
  }
  return pairs;
}

}  // namespace

json augmented_json(std::span<const TrainingImage> images) {
  json list = json::array();
  for (const TrainingImage& image : images) {
    list.push_back({{"label", image.label}, {"picture", picture_json(image.picture)}});
  }
  return list;
}

json eval_json(const EvalFiles& eval) {
  json classes = json::array(), mistakes = json::array();
  for (const ClassResult& item : eval.classes) {
    classes.push_back({{"name", item.name}, {"images", item.images}});
    if (item.ap) {
      classes.back()["ap"] = std::isfinite(*item.ap) ? json(*item.ap) : json();
    } else {
      classes.back()["right"] = item.right;
    }
  }
  for (const Mistake& item : eval.mistakes) {
    mistakes.push_back({{"name", item.name},
                        {"truth", item.truth},
                        {"predicted", item.predicted},
                        {"probability", item.probability},
                        {"loss", item.loss},
                        {"thumbnail", picture_json(item.thumbnail)}});
  }
  return {{"summary", eval.summary},
          {"classes", std::move(classes)},
          {"confusion", matrix_json(eval)},
          {"confused", pairs_json(eval)},
          {"mistakes", std::move(mistakes)}};
}

}  // namespace imgcls::report
