// Stochastic depth in networks of which torchvision has none (drop_path_reference.py).
#include "check_logits.h"

#include <imgcls/core/file.h>
#include <imgcls/models/registry.h>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/randn.h>

#include <paths.h>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

using namespace imgcls;

TEST_CASE("stochastic depth leaves out the branches that timm's does, at its rates") {
  const at::NoGradGuard no_grad;
  const auto reference =
      nlohmann::json::parse(read_text(IMGCLS_SOURCE_DIR "/tests/parity/drop_path_reference.json"));
  for (const auto& [name, expected] : reference.items()) {
    INFO(name);
    const auto dropout = models::info(name).takes.dropout ? std::optional(0.0) : std::nullopt;
    at::manual_seed(3);
    models::Model model = models::create(name, {.dropout = dropout, .drop_path = 0.5});
    at::manual_seed(7);
    const at::Tensor images = at::randn({8, 3, 64, 64});
    at::manual_seed(11);
    model.train();
    test::check_logits(model.forward(images), expected);
  }
}
