#include "../support/temp_folder.h"
#include "../support/toy_net.h"

#include <imgcls/core/error.h>
#include <imgcls/core/file.h>
#include <imgcls/models/pth.h>
#include <imgcls/models/registry.h>
#include <imgcls/models/safetensors.h>
#include <imgcls/models/weights.h>
#include <imgcls/models/weights_file.h>

#include <ATen/ops/full.h>
#include <ATen/ops/zeros.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <set>

using namespace imgcls;
using Catch::Matchers::Contains;

namespace {

/// A line of /proc/self/status, in bytes.
std::int64_t memory(const std::string& key) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(key + ":")) return 1024 * std::stoll(line.substr(key.size() + 1));
  }
  return -1;
}

/// How much more memory `action` takes at its peak than there was before; nothing where the system
/// does not tell.
template <class Action>
std::int64_t peak_of(const Action& action) {
  std::ofstream("/proc/self/clear_refs") << "5";  // the peak begins anew
  const std::int64_t before = memory("VmRSS");
  action();
  return memory("VmHWM") - before;
}

class Wide : public torch::nn::Module {
 public:
  Wide() {
    for (int i = 0; i < 24; ++i) {
      register_parameter("p" + std::to_string(i), at::full({1 << 20}, i, at::kFloat));
    }
  }
  at::Tensor forward(const at::Tensor& images) { return images; }
};

}  // namespace

TEST_CASE("weights go into another model of the same shape, from either format") {
  const test::TempFolder folder;
  const models::Model one = test::toy_model();
  models::write_safetensors(folder / "safetensors", models::state(one));
  models::write_pth(folder / "pth", models::state(one));
  for (const char* file : {"safetensors", "pth"}) {
    const models::Model other = test::toy_model();
    CHECK_FALSE(other.parameters()[0].tensor.equal(one.parameters()[0].tensor));
    models::load_weights(other, folder / file);
    for (std::size_t i = 0; i < models::state(one).size(); ++i) {
      CHECK(models::state(other)[i].tensor.equal(models::state(one)[i].tensor));
    }
  }
}

TEST_CASE("weights go into a model of another type and memory layout") {
  const test::TempFolder folder;
  const models::Model one = test::toy_model();
  models::write_pth(folder / "pth", models::state(one));
  models::Model other = test::toy_model();
  other.to_channels_last();
  other.parameters()[2].tensor.set_data(other.parameters()[2].tensor.to(at::kDouble));
  models::load_weights(other, folder / "pth");
  CHECK(other.parameters()[0].tensor.is_contiguous(at::MemoryFormat::ChannelsLast));
  CHECK(other.parameters()[2].tensor.scalar_type() == at::kDouble);
  for (std::size_t i = 0; i < models::state(one).size(); ++i) {
    const at::Tensor tensor = models::state(other)[i].tensor;
    CHECK(tensor.equal(models::state(one)[i].tensor.to(tensor.scalar_type())));
  }
}

TEST_CASE("weights for three colours are summed over them for grey images") {
  const test::TempFolder folder;
  const models::Model colors = models::create("resnet18", {.classes = 3});
  models::write_safetensors(folder / "colors.safetensors", models::state(colors));
  const models::Model grey = models::create("resnet18", {.classes = 3, .channels = 1});
  const auto notes = models::load_weights(grey, folder / "colors.safetensors");
  REQUIRE(notes.size() == 1);
  CHECK_THAT(notes[0], Contains("conv1.weight is summed over the colours"));
  const at::Tensor expected = colors.parameters().front().tensor.sum(1, /*keepdim=*/true);
  CHECK(grey.parameters().front().tensor.equal(expected));
  const auto of_colors = models::state(colors);
  const models::Model other = models::create("resnet18", {.classes = 3, .channels = 1});
  models::load_state(other, of_colors, "memory");
  CHECK(other.parameters().front().tensor.equal(expected));
  // The other way there is nothing to take colours from.
  models::write_safetensors(folder / "grey.safetensors", models::state(grey));
  CHECK_THROWS_WITH(models::load_weights(colors, folder / "grey.safetensors"),
                    Contains("wrong shape: conv1.weight is [64, 1, 7, 7]"));
}

TEST_CASE("weights that do not fit are refused with every name, and nothing is loaded") {
  const models::Model model = test::toy_model();
  const at::Tensor before = model.parameters()[0].tensor.detach().clone();
  std::vector<models::NamedTensor> weights = models::state(model);
  weights[0].tensor = at::zeros({8, 3, 5, 5});
  weights[1].name = "conv.bais";
  weights.push_back({"extra", at::zeros({1})});
  const test::TempFolder folder;
  models::write_pth(folder / "w.pth", weights);
  const auto refused = [&](const auto& load) {
    CHECK_THROWS_WITH(load(), Contains("w.pth does not fit the model toy") &&
                                  Contains("wrong shape: conv.weight is [8, 3, 5, 5], the model "
                                           "has [8, 3, 3, 3]") &&
                                  Contains("missing: conv.bias (there is conv.bais)") &&
                                  Contains("unexpected: extra"));
    CHECK_THROWS_AS(load(), WeightsError);
    CHECK(model.parameters()[0].tensor.equal(before));
  };
  refused([&] { models::load_state(model, weights, "w.pth"); });
  refused([&] { models::load_weights(model, folder / "w.pth"); });
}

TEST_CASE("of many names that do not fit five are told, and how many more there are") {
  const models::Model small = models::create("resnet18", {.classes = 3}),
                      large = models::create("resnet34", {.classes = 3});
  CHECK_THROWS_WITH(models::load_state(large, models::state(small), "r18"),
                    Contains("missing: layer1.2.bn1.bias") && Contains("missing: 75 more") &&
                        !Contains("missing: layer2"));
}

TEST_CASE("wrappers' prefixes are taken off, and what stands beside the model is told") {
  const test::TempFolder folder;
  const models::Model one = test::toy_model();
  const at::Tensor count = at::zeros({}, at::kLong);
  for (const std::string prefix : {"", "module.", "_orig_mod.module.", "model.", "backbone."}) {
    std::vector<models::NamedTensor> weights{{"n_averaged", count}};
    for (const auto& [name, tensor] : models::state(one)) {
      // A part that was compiled.
      const bool inner = name == "fc.weight";
      weights.push_back({prefix + (inner ? "fc._orig_mod.weight" : name), tensor});
    }
    for (const std::string file : {"w.safetensors", "w.pth"}) {
      INFO(prefix << " " << file);
      models::write_weights(folder / file, weights);
      const models::Model other = test::toy_model();
      const auto notes = models::load_weights(other, folder / file);
      REQUIRE(notes.size() == 1);
      CHECK_THAT(notes[0], Contains(file + ": left out") && Contains("n_averaged"));
      for (std::size_t i = 0; i < models::state(one).size(); ++i) {
        CHECK(models::state(other)[i].tensor.equal(models::state(one)[i].tensor));
      }
    }
  }
}

TEST_CASE("a model whose own modules are called as wrappers are gets its weights back") {
  class Wrapped : public torch::nn::Module {
   public:
    Wrapped() {
      register_module("module", torch::nn::Linear(2, 2));
      register_module("model", torch::nn::Linear(2, 2));
    }
    at::Tensor forward(const at::Tensor& images) { return images; }
  };
  const test::TempFolder folder;
  const models::Model one(std::make_shared<Wrapped>()), two(std::make_shared<Wrapped>());
  for (const std::string file : {"w.safetensors", "w.pth"}) {
    models::write_weights(folder / file, models::state(one));
    CHECK(models::load_weights(two, folder / file).empty());
    for (std::size_t i = 0; i < 4; ++i) {
      CHECK(models::state(two)[i].tensor.equal(models::state(one)[i].tensor));
    }
  }
}

TEST_CASE("a part of a file is chosen by its key, and without its head") {
  const test::TempFolder folder;
  const models::Model ten = models::create("resnet18", {.classes = 10});
  const models::Model averaged = models::create("resnet18", {.classes = 10});
  std::vector<models::NamedTensor> weights;
  for (const auto& [name, tensor] : models::state(ten))
    weights.push_back({"model." + name, tensor});
  for (const auto& [name, tensor] : models::state(averaged)) {
    weights.push_back({"ema.module." + name, tensor});
  }
  models::write_weights(folder / "w.pth", weights);
  const models::Model five = models::create("resnet18", {.classes = 5});
  const auto first = [](const models::Model& model) { return model.parameters()[0].tensor; };
  models::load_weights(five, folder / "w.pth", {.head = false});
  CHECK(first(five).equal(first(ten)));
  models::load_weights(five, folder / "w.pth", {.head = false, .key = "ema"});
  CHECK(first(five).equal(first(averaged)));
  CHECK_THROWS_WITH(models::load_weights(five, folder / "w.pth", {.head = false, .key = "e"}),
                    Contains("nothing under the key \"e\"") && Contains("\"model\", \"ema\""));
  CHECK(models::read_weights(folder / "w.pth", "ema")[0].name == "conv1.weight");
}

TEST_CASE("files with headers of every length are read as what they are") {
  const test::TempFolder folder;
  const models::Model one = test::toy_model(), two = test::toy_model();
  // Headers are padded to 8 bytes: 32 lengths modulo 256.
  std::set<std::uint8_t> lowest;
  for (std::size_t i = 0; i < 40; ++i) {
    std::vector<models::NamedTensor> weights = models::state(one);
    weights.push_back({std::string(1 + 8 * i, 'n'), at::zeros({}, at::kLong)});
    models::write_safetensors(folder / "w.safetensors", weights);
    lowest.insert(std::to_integer<std::uint8_t>(read_file(folder / "w.safetensors")[0]));
    models::load_weights(two, folder / "w.safetensors");
    CHECK(two.parameters()[0].tensor.equal(one.parameters()[0].tensor));
  }
  CHECK(lowest.size() == 32);
  CHECK(lowest.contains(0x80));
}

TEST_CASE("a count of batches that old files lack keeps its value") {
  const models::Model model = test::toy_model();
  std::vector<models::NamedTensor> weights = models::state(model);
  std::erase_if(weights, [](const models::NamedTensor& item) {
    return item.name.ends_with("num_batches_tracked");
  });
  REQUIRE(weights.size() + 1 == models::state(model).size());
  CHECK_NOTHROW(models::load_state(model, weights, "w"));
}

TEST_CASE("all but the head goes into a model for other classes") {
  const test::TempFolder folder;
  const models::Model ten = models::create("resnet18", {.classes = 10});
  const models::Model five = models::create("resnet18", {.classes = 5});
  const at::Tensor head = five.parameters().back().tensor.detach().clone();
  models::write_pth(folder / "w.pth", models::state(ten));
  CHECK_THROWS_WITH(models::load_weights(five, folder / "w.pth"),
                    Contains("wrong shape: fc.weight is [10, 512]"));
  models::load_weights(five, folder / "w.pth", {.head = false});
  CHECK(five.parameters()[0].tensor.equal(ten.parameters()[0].tensor));
  CHECK(five.parameters().back().tensor.equal(head));
  CHECK_THROWS_WITH(models::load_weights(test::toy_model(), folder / "w.pth", {.head = false}),
                    Contains("does not say which layer is its head"));
}

TEST_CASE("loading takes no second copy of the weights") {
  const test::TempFolder folder;
  const models::Model from(std::make_shared<Wide>()), into(std::make_shared<Wide>());
  const std::int64_t bytes = 24 * (4 << 20);
  for (const auto& [name, tensor] : into.parameters()) tensor.detach().fill_(-1);
  for (const std::string file : {"w.safetensors", "w.pth"}) {
    models::write_weights(folder / file, models::state(from));
    if (memory("VmHWM") < 0) return;
    CHECK(peak_of([&] { models::load_weights(into, folder / file); }) < bytes / 10);
    CHECK(into.parameters()[23].tensor[77].item<float>() == 23);
    CHECK(peak_of([&] { CHECK(models::read_weights(folder / file).size() == 24); }) <
          bytes + bytes / 10);
  }
}

TEST_CASE("what is no file of weights is refused by name") {
  const test::TempFolder folder;
  const models::Model model = test::toy_model();
  CHECK_THROWS_AS(models::load_weights(model, folder / "absent.pth"), IoError);
  CHECK_THROWS_WITH(
      models::load_weights(model, folder.write("w.pth", "no weights at all")),
      Contains("w.pth holds no weights: it is a text") && Contains("no weights at all"));
  CHECK_THROWS_WITH(models::read_pth(folder.write("x.pth", "no weights at all")),
                    Contains("x.pth is not a usable .pth file: it is a text"));
}
