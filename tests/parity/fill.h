#pragma once
// Models with the weights that lite_reference.py's `fill` draws, against what its `measure` found.

#include "check_logits.h"

#include <imgcls/core/xxh3.h>
#include <imgcls/models/model.h>
#include <imgcls/models/weights.h>

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/randn.h>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace imgcls::test {

inline std::vector<models::NamedTensor> sorted_state(const models::Model& model) {
  std::vector<models::NamedTensor> all = models::state(model);
  std::ranges::sort(all, {}, &models::NamedTensor::name);
  return all;
}

/// As lite_reference.py's.
inline void fill(const models::Model& model) {
  const at::NoGradGuard no_grad;
  at::manual_seed(5);
  for (const auto& [name, tensor] : sorted_state(model)) {
    if (!tensor.is_floating_point()) continue;
    if (name.ends_with("weight") && tensor.dim() > 1) {
      const auto outputs = static_cast<double>(tensor.size(0));
      tensor.normal_(0, std::sqrt(outputs / static_cast<double>(tensor.numel())));
    } else if (name.ends_with("weight") || name.ends_with("running_var")) {
      tensor.uniform_(0.8, 1.2);
    } else {
      tensor.uniform_(-0.1, 0.1);
    }
  }
}

inline std::string names(const models::Model& model) {
  Xxh3 digest;
  for (const auto& [name, tensor] : sorted_state(model)) {
    digest.update(fmt::format("{}[{}]\n", name, fmt::join(tensor.sizes(), ",")));
  }
  return hex(digest.digest());
}

inline void check_filled(models::Model model, const nlohmann::json& expected) {
  at::set_num_threads(1);
  const at::NoGradGuard no_grad;
  CHECK(names(model) == expected.at("names").get<std::string>());
  CHECK(model.parameter_count() == expected.at("parameters").get<std::int64_t>());
  fill(model);
  const std::int64_t side = expected.at("side");
  at::manual_seed(7);
  const at::Tensor images = at::randn({2, 3, side, side});
  at::manual_seed(11);
  model.train();
  check_logits(model.forward(images), expected.at("training"));
  model.train(false);
  check_logits(model.forward(images), expected.at("evaluation"));
}

}  // namespace imgcls::test
