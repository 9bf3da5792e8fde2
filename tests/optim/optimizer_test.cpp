#include <imgcls/core/error.h>
#include <imgcls/optim/optimizers.h>

#include <ATen/ops/ones.h>

#include <catch2/catch.hpp>

using namespace imgcls;
using Catch::Matchers::Contains;

namespace {

std::vector<models::NamedTensor> parameters() {
  std::vector<models::NamedTensor> all;
  for (const char* name : {"conv1.weight", "bn1.weight", "bn1.bias", "fc.weight", "fc.bias"}) {
    all.push_back({name, at::ones({2}).set_requires_grad(true)});
  }
  return all;
}

}  // namespace

TEST_CASE("all rules that match a name hold, value by value, and later ones win") {
  const auto groups = optim::make_groups(
      parameters(), {.weight_decay = 0.5,
                     .groups = {{.pattern = "^fc\\.", .weight_decay = 0.25, .lr_scale = 10.0},
                                {.pattern = "bn|bias$", .weight_decay = 0.0, .lr_scale = {}},
                                {.pattern = "nothing", .weight_decay = {}, .lr_scale = {}}}});
  const auto group_of = [&](const std::string& name) {
    for (const optim::ParameterGroup& group : groups) {
      for (const auto& parameter : group.parameters) {
        if (parameter.name == name) return group;
      }
    }
    FAIL(name << " is in no group");
    return optim::ParameterGroup();
  };
  REQUIRE(groups.size() == 4);
  CHECK(group_of("fc.weight").weight_decay == 0.25);
  CHECK(group_of("fc.weight").lr_scale == 10);
  CHECK(group_of("fc.bias").weight_decay == 0);  // the second rule's
  CHECK(group_of("fc.bias").lr_scale == 10);     // the first one's
  CHECK(group_of("bn1.bias").weight_decay == 0);
  CHECK(group_of("bn1.bias").lr_scale == 1);
  CHECK(group_of("bn1.weight").parameters.size() == 2);
  CHECK(group_of("conv1.weight").weight_decay == 0.5);
  CHECK(groups.back().parameters.at(0).name == "conv1.weight");
}

TEST_CASE("the first recipe's rule spares what has bn in its name, and nothing else") {
  // In torchvision's ResNet the batch norm of a shortcut is called downsample.1, and so decays.
  const std::vector<models::NamedTensor> named{{"layer1.0.bn1.weight", at::ones({1})},
                                               {"layer1.0.downsample.1.weight", at::ones({1})},
                                               {"fc.bias", at::ones({1})}};
  const auto groups = optim::make_groups(
      named, {.weight_decay = 0x1p-15,
              .groups = {{.pattern = "bn", .weight_decay = 0.0, .lr_scale = {}}}});
  REQUIRE(groups.size() == 2);
  CHECK(groups[0].parameters.size() == 1);
  CHECK(groups[1].parameters.size() == 2);
}

TEST_CASE("a broken pattern is refused") {
  CHECK_THROWS_WITH(
      optim::make_groups(parameters(),
                         {.groups = {{.pattern = "(", .weight_decay = {}, .lr_scale = {}}}}),
      Contains("optimizer.groups") && Contains("\"(\""));
}

TEST_CASE("parameters without a gradient stay, and so does their state") {
  for (const std::string& name : optim::optimizers().names()) {
    INFO(name);
    const auto all = parameters();
    const auto optimizer = optim::make_optimizer(all, {.name = name});
    all[0].tensor.mutable_grad() = at::ones({2});
    optimizer->step(0.1);
    CHECK_FALSE(all[0].tensor.equal(at::ones({2})));
    CHECK(all[1].tensor.equal(at::ones({2})));
    optimizer->zero_grad();
    CHECK_FALSE(all[0].tensor.grad().defined());
  }
}

TEST_CASE("a saved state goes on where it was, and one that does not fit is refused by name") {
  for (const std::string& name : optim::optimizers().names()) {
    INFO(name);
    const auto one = parameters(), other = parameters();
    const auto first = optim::make_optimizer(one, {.name = name});
    const auto second = optim::make_optimizer(other, {.name = name});
    const auto step = [](const auto& all, optim::Optimizer& optimizer) {
      for (const auto& parameter : all) parameter.tensor.mutable_grad() = at::ones({2});
      optimizer.step(0.1);
    };
    step(one, *first);
    for (std::size_t i = 0; i < one.size(); ++i) {
      other[i].tensor.detach().copy_(one[i].tensor.detach());
    }
    second->load_state(first->state());
    step(one, *first);
    step(other, *second);
    for (std::size_t i = 0; i < one.size(); ++i) CHECK(one[i].tensor.equal(other[i].tensor));

    auto incomplete = first->state();
    std::erase_if(incomplete, [](const auto& each) { return each.name.ends_with("conv1.weight"); });
    CHECK_THROWS_WITH(second->load_state(incomplete), Contains("conv1.weight"));
  }
}
