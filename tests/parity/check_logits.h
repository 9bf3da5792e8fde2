#pragma once
// Logits against those that a reference script wrote.

#include <ATen/core/Tensor.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <nlohmann/json.hpp>

namespace imgcls::test {

/// 1e-5 relative: the kernels are the same, but a fused one may stand for several of Python's.
inline void check_logits(const at::Tensor& logits, const nlohmann::json& expected) {
  double largest = 0;
  for (const nlohmann::json& image : expected) {
    for (const double value : image) largest = std::max(largest, std::abs(value));
  }
  for (std::size_t i = 0; i < expected.size(); ++i) {
    for (std::size_t k = 0; k < expected[i].size(); ++k) {
      const auto found = logits[static_cast<std::int64_t>(i)][static_cast<std::int64_t>(k)];
      CHECK(found.item<double>() ==
            Approx(expected[i][k].get<double>()).epsilon(0).margin(1e-5 * largest));
    }
  }
}

}  // namespace imgcls::test
