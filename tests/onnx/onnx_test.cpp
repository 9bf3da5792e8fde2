// Exported files, read back field by field.
#include "../support/temp_folder.h"

#include <imgcls/core/error.h>
#include <imgcls/core/file.h>
#include <imgcls/models/registry.h>
#include <imgcls/onnx/export.h>

#include <ATen/ops/cumsum.h>
#include <torch/nn/module.h>

#include <catch2/catch.hpp>
#include <map>
#include <protozero/pbf_reader.hpp>
#include <string>

using namespace imgcls;
using Catch::Matchers::Contains;

namespace {

struct Contents {
  std::int64_t opset = 0;
  std::map<std::string, int> ops;                ///< how often each operation occurs
  std::map<std::string, std::size_t> constants;  ///< bytes of each
  std::string input, batch;
  std::map<std::string, std::string> metadata;
};

void read_input(protozero::pbf_reader port, Contents& contents) {
  while (port.next()) {
    if (port.tag() == 1) {
      contents.input = port.get_string();
    } else {  // type, tensor, shape, first dimension, its name
      protozero::pbf_reader shape = port.get_message();
      shape.next();
      protozero::pbf_reader tensor = shape.get_message();
      REQUIRE(tensor.next(2));
      protozero::pbf_reader dimensions = tensor.get_message();
      REQUIRE(dimensions.next(1));
      protozero::pbf_reader first = dimensions.get_message();
      if (first.next(2)) contents.batch = first.get_string();
    }
  }
}

void read_graph(protozero::pbf_reader graph, Contents& contents) {
  while (graph.next()) {
    if (graph.tag() == 1) {
      protozero::pbf_reader node = graph.get_message();
      while (node.next(4)) ++contents.ops[node.get_string()];
    } else if (graph.tag() == 5) {
      protozero::pbf_reader tensor = graph.get_message();
      std::string name;
      std::size_t bytes = 0;
      while (tensor.next()) {
        if (tensor.tag() == 8) {
          name = tensor.get_string();
        } else if (tensor.tag() == 9) {
          bytes = tensor.get_view().size();
        } else {
          tensor.skip();
        }
      }
      contents.constants[name] = bytes;
    } else if (graph.tag() == 11) {
      read_input(graph.get_message(), contents);
    } else {
      graph.skip();
    }
  }
}

Contents read(const std::filesystem::path& path) {
  const std::string text = read_text(path);
  Contents contents;
  protozero::pbf_reader model(text);
  while (model.next()) {
    if (model.tag() == 7) {
      read_graph(model.get_message(), contents);
    } else if (model.tag() == 8) {
      protozero::pbf_reader opset = model.get_message();
      while (opset.next(2)) contents.opset = opset.get_int64();
    } else if (model.tag() == 14) {
      protozero::pbf_reader entry = model.get_message();
      REQUIRE(entry.next(1));
      const std::string key = entry.get_string();
      REQUIRE(entry.next(2));
      contents.metadata[key] = entry.get_string();
    } else {
      model.skip();
    }
  }
  return contents;
}

}  // namespace

TEST_CASE("an exported ResNet holds its layers and weights under their names") {
  const test::TempFolder folder;
  models::Model model = models::create("resnet18", {.classes = 10});
  model.train();
  onnx::export_model(model, folder / "m.onnx",
                     {.image_size = 64, .metadata = {{"size", "64"}, {"classes", "[\"cat\"]"}}});
  CHECK(model.is_training());  // as it was
  const Contents file = read(folder / "m.onnx");
  CHECK(file.opset == 17);
  CHECK(file.input == "images");
  CHECK(file.metadata ==
        std::map<std::string, std::string>{{"size", "64"}, {"classes", "[\"cat\"]"}});
  CHECK(file.batch == "batch");
  CHECK(file.ops.at("Conv") == 20);
  CHECK(file.ops.at("BatchNormalization") == 20);
  CHECK(file.ops.at("Gemm") == 1);
  CHECK(file.ops.at("MaxPool") == 1);
  CHECK(file.constants.at("conv1.weight") == 64 * 3 * 7 * 7 * 4);
  CHECK(file.constants.at("fc.weight") == 10 * 512 * 4);
  CHECK(file.constants.at("layer4.1.bn2.running_var") == 512 * 4);
  CHECK(file.constants.count("bn1.num_batches_tracked") == 0);
}

TEST_CASE("operations are counted as the registry states them") {
  // A model of each kind of layer; zoo_test.cpp does all.
  for (const std::string name : {"resnet18", "resnet9", "airbench", "squeezenet1_1",
                                 "shufflenet_v2_x0_5", "vit_ti_16", "mobilenet_v3_small"}) {
    INFO(name);
    const models::ModelInfo& info = models::info(name);
    const double counted = onnx::count_operations(models::create(name), info.input_size) / 1e9;
    CHECK(counted == Approx(info.gflops).epsilon(0.03).margin(0.001));
  }
}

TEST_CASE("what has no translation is refused by name") {
  const test::TempFolder folder;
  const models::Model model(
      std::make_shared<torch::nn::Module>(),
      [](const at::Tensor& x) { return at::cumsum(x.flatten(1), 1); }, "odd");
  CHECK_THROWS_WITH(onnx::export_model(model, folder / "odd.onnx", {.image_size = 8}),
                    Contains("odd uses aten::cumsum"));
  CHECK_FALSE(std::filesystem::exists(folder / "odd.onnx"));
}

TEST_CASE("a network may hold the number of images as a number") {
  const test::TempFolder folder;
  const models::Model model(
      std::make_shared<torch::nn::Module>(),
      [](const at::Tensor& x) {
        return x.reshape({x.size(0), x.size(1) * 64});
      },
      "held");
  onnx::export_model(model, folder / "held.onnx", {.image_size = 8});
  const Contents file = read(folder / "held.onnx");
  CHECK(file.ops.at("Reshape") == 1);

  const models::Model odd(
      std::make_shared<torch::nn::Module>(),
      [](const at::Tensor& x) { return x.flatten(1).slice(0, 0, x.size(0)); }, "sliced");
  CHECK_THROWS_WITH(onnx::export_model(odd, folder / "sliced.onnx", {.image_size = 8}),
                    Contains("depends on the number of images"));
}
