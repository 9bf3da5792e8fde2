#pragma once
// Parameter groups against timm's (groups_reference.py, deit_reference.py).
#include <imgcls/models/model.h>
#include <imgcls/optim.h>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

namespace imgcls::test {

/// That each of the model's parameters has the rate of its layer, under a layer decay of 0.75, and
/// the weight decay that `expected` says by its name: [rate's factor, weight decay].
inline void check_groups(const models::Model& model, const nlohmann::json& expected) {
  using optim::NoDecay;
  const optim::OptimizerOptions options{
      .weight_decay = 0.05, .no_decay = {NoDecay::vector, NoDecay::embedding}, .layer_decay = 0.75};
  std::size_t found = 0;
  for (const auto& group :
       optim::make_groups(model.parameters(), options, models::parameter_places(model))) {
    for (const auto& parameter : group.parameters) {
      INFO(parameter.name);
      const nlohmann::json& values = expected.at(parameter.name);
      CHECK(group.lr_scale == Approx(values.at(0).get<double>()).epsilon(1e-12));
      CHECK(group.weight_decay == values.at(1));
      ++found;
    }
  }
  CHECK(found == expected.size());
}

}  // namespace imgcls::test
