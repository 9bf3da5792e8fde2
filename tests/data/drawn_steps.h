#pragma once
// The steps that policies and chains draw, against those that the Python scripts wrote down.

#include "support.h"

#include <imgcls/augment/pixel_ops.h>
#include <imgcls/core/philox.h>

#include <catch2/catch.hpp>
#include <vector>

namespace support {

/// The random numbers of a sample, as the scripts have them.
inline imgcls::Random numbers_of(std::uint64_t sample) {
  return {810975, 3, sample, imgcls::RandomStream::policy};
}

/// The numbers of a step as the scripts write them.
inline std::vector<double> numbers_in(const imgcls::data::PixelStep& step) {
  const std::string& name = step.operation->name;
  const auto& numbers = step.settings.numbers;
  if (name == "affine") return {numbers.begin(), numbers.begin() + 6};
  if (name == "erase") return {numbers.begin(), numbers.begin() + 4};
  if (name == "perspective") return {numbers.begin(), numbers.end()};
  if (!step.operation->has_magnitude()) return {};
  return {step.magnitude};
}

inline void check_steps(const std::vector<imgcls::data::PixelStep>& steps,
                        const nlohmann::json& expected) {
  REQUIRE(steps.size() == expected.size());
  for (std::size_t i = 0; i < steps.size(); ++i) {
    CHECK(steps[i].operation->name == expected[i][0]);
    const std::vector<double> numbers = numbers_in(steps[i]);
    REQUIRE(numbers.size() == expected[i][1].size());
    for (std::size_t k = 0; k < numbers.size(); ++k) {
      // Matrices come from sines and a solution of equations: the last bit may differ.
      CHECK(numbers[k] == Approx(expected[i][1][k].get<double>()).epsilon(1e-7).margin(1e-10));
    }
  }
}

}  // namespace support
