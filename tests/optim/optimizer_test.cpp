#include <imgcls/core/error.h>
#include <imgcls/optim/optimizers.h>

#include <ATen/ops/full.h>
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

TEST_CASE("kinds of parameters have no decay, unless a rule gives them one") {
  const auto named = [](const char* name, std::vector<std::int64_t> shape) {
    return models::NamedTensor{name, at::ones(shape)};
  };
  const std::vector<models::NamedTensor> all{named("conv.weight", {4, 2, 3, 3}),
                                             named("conv.bias", {4}),
                                             named("bn.weight", {4}),
                                             named("bn.bias", {4}),
                                             named("class_token", {1, 2, 4}),
                                             named("layer_scale", {4, 1, 1}),
                                             named("head.weight", {2, 4})};
  std::vector<models::ParameterPlace> places(all.size());
  places[2].of_norm = places[3].of_norm = true;
  const auto spared = [&](const optim::OptimizerOptions& options) {
    std::string names;
    for (const auto& group : optim::make_groups(all, options, places)) {
      for (const auto& each : group.parameters) {
        if (group.weight_decay == 0) names += each.name + " ";
      }
    }
    return names;
  };
  using optim::NoDecay;
  CHECK(spared({.weight_decay = 0.1}).empty());
  CHECK(spared({.weight_decay = 0.1, .no_decay = {NoDecay::norm}}) == "bn.weight bn.bias ");
  CHECK(spared({.weight_decay = 0.1, .no_decay = {NoDecay::bias}}) == "conv.bias bn.bias ");
  CHECK(spared({.weight_decay = 0.1, .no_decay = {NoDecay::embedding}}) == "class_token ");
  CHECK(spared({.weight_decay = 0.1, .no_decay = {NoDecay::vector}}) ==
        "conv.bias bn.weight bn.bias layer_scale ");
  CHECK(spared({.weight_decay = 0.1,
                .no_decay = {NoDecay::bias, NoDecay::norm},
                .groups = {{.pattern = "^bn", .weight_decay = 0.2, .lr_scale = {}}}}) ==
        "conv.bias ");
  CHECK_THROWS_WITH(optim::make_groups(all, {.no_decay = {NoDecay::norm}}),
                    Contains("optimizer.no_decay"));
}

TEST_CASE("each layer's rate is the next one's times the layer decay, and a rule's factor") {
  std::vector<models::ParameterPlace> places(5);
  for (int i = 0; i < 5; ++i) places[static_cast<std::size_t>(i)].layer = (i + 1) / 2;
  const auto groups = optim::make_groups(
      parameters(),
      {.layer_decay = 0.5, .groups = {{.pattern = "^fc", .weight_decay = {}, .lr_scale = 3.0}}},
      places);
  REQUIRE(groups.size() == 3);  // fc.weight and fc.bias are of one layer
  CHECK(groups[0].parameters.at(0).name == "fc.weight");
  CHECK(groups[0].lr_scale == 3);
  CHECK(groups[1].lr_scale == 0.5);
  CHECK(groups[2].parameters.at(0).name == "conv1.weight");
  CHECK(groups[2].lr_scale == 0.25);
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
    for (int step = 0; step < 2; ++step) {  // SOAP's first one changes nothing
      all[0].tensor.mutable_grad() = at::ones({2});
      optimizer->step(0.1);
    }
    CHECK_FALSE(all[0].tensor.equal(at::ones({2})));
    CHECK(all[1].tensor.equal(at::ones({2})));
    optimizer->zero_grad();
    CHECK_FALSE(all[0].tensor.grad().defined());
  }
}

TEST_CASE("a cautious optimizer moves nothing against its gradient") {
  for (const std::string& name : optim::optimizers().names()) {
    INFO(name);
    const auto all = parameters();
    if (!optim::optimizers().at(name).cautious) {
      CHECK_THROWS_WITH(optim::make_optimizer(all, {.name = name, .cautious = true}),
                        Contains("not for optimizer.name=" + name));
      continue;
    }
    // After a long step down, momentum still leads there when the gradient has turned.
    const auto last_change = [&](bool cautious) {
      const at::Tensor weight = at::ones({2}).set_requires_grad(true);
      const auto optimizer =
          optim::make_optimizer({{"weight", weight}}, {.name = name, .cautious = cautious});
      at::Tensor before;
      for (const double gradient : {1.0, 1.0, 1.0, -0.01}) {
        before = weight.detach().clone();
        weight.mutable_grad() = at::full({2}, gradient);
        optimizer->step(0.001);
      }
      return weight.detach().sub(before)[0].item<double>();
    };
    CHECK(last_change(false) < 0);
    if (name == "adan") continue;  // which is cautious in the first of its two parts
    CHECK(last_change(true) == 0);
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

TEST_CASE("work is shared out evenly, the dearest pieces first") {
  const std::vector<double> costs{1, 8, 2, 4, 1, 4};
  const std::vector<int> owners = optim::share_out(costs, 2);
  CHECK(owners == std::vector<int>{1, 0, 0, 1, 1, 1});
  const std::vector<int> alone = optim::share_out(costs, 1);
  CHECK(alone == std::vector<int>(6, 0));
  CHECK(optim::share_out(std::vector<double>{3, 5}, 4) == std::vector<int>{1, 0});
}
