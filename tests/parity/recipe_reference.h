#pragma once
// What the tests of optimizers and of a recipe's ingredients share: recipe_reference.py's values,
// its parameters, and how far values are from each other.

#include <imgcls/core/file.h>
#include <imgcls/models/model.h>

#include <ATen/ops/randn.h>

#include <paths.h>
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

namespace imgcls::test {

using Values = std::vector<float>;

inline const nlohmann::json& recipe_reference() {
  static const nlohmann::json all =
      nlohmann::json::parse(read_text(IMGCLS_SOURCE_DIR "/tests/parity/recipe_reference.json"));
  return all;
}

inline Values values(const std::vector<models::NamedTensor>& tensors) {
  Values all;
  for (const models::NamedTensor& each : tensors) {
    const at::Tensor flat = each.tensor.detach().contiguous();
    all.insert(all.end(), flat.const_data_ptr<float>(),
               flat.const_data_ptr<float>() + flat.numel());
  }
  return all;
}

/// The largest difference, as a share of the value where that is above 1.
inline double farthest(const Values& one, const Values& other) {
  REQUIRE(one.size() == other.size());
  double most = 0;
  for (std::size_t i = 0; i < one.size(); ++i) {
    const double far = std::abs(one[i] - other[i]) / std::max(1.0F, std::abs(other[i]));
    most = std::isnan(far) ? std::numeric_limits<double>::infinity() : std::max(most, far);
  }
  return most;
}

inline std::vector<models::NamedTensor> parameters() {
  at::manual_seed(11);
  std::vector<models::NamedTensor> all;
  for (const auto& [name, shape] :
       std::initializer_list<std::pair<const char*, std::vector<std::int64_t>>>{
           {"layer.weight", {8, 6}}, {"conv.weight", {6, 4, 3, 3}}, {"layer.bias", {8}}}) {
    all.push_back({name, at::randn(shape).set_requires_grad(true)});
  }
  return all;
}

}  // namespace imgcls::test
