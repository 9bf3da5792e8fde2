#include <imgcls/report/eval_json.h>

#include <openssl/evp.h>
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace imgcls::report {
namespace {

using nlohmann::json;

// A matrix of more classes cannot be read; their most confused pairs can.
constexpr std::size_t kMostInMatrix = 40;
constexpr std::size_t kMostPairs = 30;

std::string base64(std::string_view bytes) {
  std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');  // OpenSSL ends it with a zero byte
  const int length = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                                     reinterpret_cast<const unsigned char*>(bytes.data()),
                                     static_cast<int>(bytes.size()));
  text.resize(static_cast<std::size_t>(length));
  return text;
}

json matrix_json(const EvalFiles& eval) {
  const std::size_t classes = eval.classes.size();
  if (eval.confusion.empty() || classes > kMostInMatrix) return nullptr;
  json rows = json::array();
  for (std::size_t row = 0; row < classes; ++row) {
    const auto begin = eval.confusion.begin() + static_cast<std::ptrdiff_t>(row * classes);
    rows.push_back(std::vector<std::int64_t>(begin, begin + static_cast<std::ptrdiff_t>(classes)));
  }
  return rows;
}

/// The pairs of classes with the most images of the one taken for the other.
json pairs_json(const EvalFiles& eval) {
  const std::size_t classes = eval.classes.size();
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < eval.confusion.size(); ++i) {
    if (i / classes != i % classes && eval.confusion[i] > 0) places.push_back(i);
  }
  const auto shown = static_cast<std::ptrdiff_t>(std::min(kMostPairs, places.size()));
  std::partial_sort(
      places.begin(), places.begin() + shown, places.end(), [&](std::size_t a, std::size_t b) {
        return eval.confusion[a] != eval.confusion[b] ? eval.confusion[a] > eval.confusion[b]
                                                      : a < b;
      });
  places.resize(static_cast<std::size_t>(shown));
  json pairs = json::array();
  for (const std::size_t place : places) {
    pairs.push_back({{"truth", eval.classes[place / classes].name},
                     {"predicted", eval.classes[place % classes].name},
                     {"images", eval.confusion[place]},
                     {"of", eval.classes[place / classes].images}});
  }
  return pairs;
}

}  // namespace

json eval_json(const EvalFiles& eval) {
  json classes = json::array(), mistakes = json::array();
  for (const ClassResult& item : eval.classes) {
    classes.push_back({{"name", item.name}, {"images", item.images}, {"right", item.right}});
  }
  for (const Mistake& item : eval.mistakes) {
    mistakes.push_back({{"name", item.name},
                        {"truth", item.truth},
                        {"predicted", item.predicted},
                        {"probability", item.probability},
                        {"loss", item.loss},
                        {"thumbnail", item.thumbnail.empty() ? json()
                                                             : json("data:image/jpeg;base64," +
                                                                    base64(item.thumbnail))}});
  }
  return {{"summary", eval.summary},
          {"classes", std::move(classes)},
          {"confusion", matrix_json(eval)},
          {"confused", pairs_json(eval)},
          {"mistakes", std::move(mistakes)}};
}

}  // namespace imgcls::report
