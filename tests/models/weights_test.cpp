#include "../support/temp_folder.h"
#include "../support/toy_net.h"

#include <imgcls/core/error.h>
#include <imgcls/models/safetensors.h>
#include <imgcls/models/weights.h>

#include <ATen/ops/zeros.h>

#include <catch2/catch.hpp>

using namespace imgcls;
using Catch::Matchers::Contains;

TEST_CASE("weights go into another model of the same shape") {
  const test::TempFolder folder;
  const models::Model one = test::toy_model(), other = test::toy_model();
  models::write_safetensors(folder / "w", models::state(one));
  CHECK_FALSE(other.parameters()[0].tensor.equal(one.parameters()[0].tensor));
  models::load_weights(other, folder / "w");
  for (std::size_t i = 0; i < models::state(one).size(); ++i) {
    CHECK(models::state(other)[i].tensor.equal(models::state(one)[i].tensor));
  }
}

TEST_CASE("weights that do not fit are refused with every name, and nothing is loaded") {
  const models::Model model = test::toy_model();
  const at::Tensor before = model.parameters()[0].tensor.detach().clone();
  std::vector<models::NamedTensor> weights = models::state(model);
  weights[0].tensor = at::zeros({8, 3, 5, 5});
  weights[1].name = "conv.bais";
  weights.push_back({"extra", at::zeros({1})});
  CHECK_THROWS_WITH(
      models::load_state(model, weights, "w.safetensors"),
      Contains("w.safetensors does not fit the model toy") &&
          Contains("wrong shape: conv.weight is [8, 3, 5, 5], the model has [8, 3, 3, 3]"));
  CHECK_THROWS_WITH(
      models::load_state(model, weights, "w"),
      Contains("missing: conv.bias (there is conv.bais)") && Contains("unexpected: extra"));
  CHECK_THROWS_AS(models::load_state(model, weights, "w"), WeightsError);
  CHECK(model.parameters()[0].tensor.equal(before));
}
