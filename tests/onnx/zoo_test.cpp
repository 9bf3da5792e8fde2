// Every model of the zoo as an ONNX file: onnx's checker accepts it, and onnxruntime's logits are
// the model's to 1e-4 of the largest, for another number of images than the trace had. It takes a
// Python with onnx, onnxruntime and safetensors:
//
//   IMGCLS_PYTHON=venv/bin/python ctest -R test_onnx_zoo            some models, a minute
//   IMGCLS_PYTHON=venv/bin/python IMGCLS_ALL=1 build/bin/test_onnx_zoo      all, half an hour
#include "../support/python_with.h"
#include "../support/run_program.h"
#include "../support/skip.h"
#include "../support/temp_folder.h"

#include <imgcls/models/registry.h>
#include <imgcls/models/safetensors.h>
#include <imgcls/onnx/export.h>

#include <ATen/Context.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/rand.h>

#include <paths.h>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <vector>

using namespace imgcls;

namespace {

/// One of each kind of layer, and small.
const std::vector<std::string> kSome{"resnet18",
                                     "squeezenet1_1",
                                     "densenet121",
                                     "googlenet",
                                     "shufflenet_v2_x0_5",
                                     "mobilenet_v3_small",
                                     "efficientnet_b0",
                                     "regnet_y_400mf",
                                     "convnext_tiny",
                                     "vit_ti_16",
                                     "deit_ti_16_distilled",
                                     "swin_t",
                                     "swin_v2_t",
                                     "maxvit_t",
                                     "airbench",
                                     "efficientnet_lite0"};

void check(const std::string& name, const std::string& python) {
  INFO(name);
  const at::NoGradGuard no_grad;
  const test::TempFolder folder;
  at::manual_seed(3);
  models::Model model = models::create(name);
  const models::ModelInfo& info = models::info(name);
  const int side = info.input_size;
  const at::Tensor images = at::rand({3, 3, side, side});
  for (const models::NamedTensor& p : model.parameters()) {  // ViT's head begins as zeros
    if (p.name.starts_with(model.head())) p.tensor.normal_(0, 0.1);
  }
  model.forward(images);  // moves the running statistics
  model.train(false);
  const std::vector<models::NamedTensor> expected{{"images", images},
                                                  {"logits", model.forward(images)}};
  models::write_safetensors(folder / "expected.safetensors", expected);
  onnx::export_model(model, folder / "m.onnx", {.image_size = side});
  const auto outcome = test::run_program(python + " " IMGCLS_SOURCE_DIR "/tests/onnx/check.py " +
                                         folder.path().string());
  CHECK(outcome.code == 0);
  if (outcome.code != 0) FAIL_CHECK(outcome.output);
  CHECK(onnx::count_operations(model, side) / 1e9 ==
        Approx(info.gflops).epsilon(0.03).margin(0.001));
}

}  // namespace

TEST_CASE("onnxruntime gives the models' logits") {
  const auto python = test::python_with("onnx, onnxruntime, safetensors");
  if (!python) IMGCLS_SKIP("IMGCLS_PYTHON names no Python with onnx, onnxruntime and safetensors");
  const bool all = std::getenv("IMGCLS_ALL") != nullptr;
  for (const std::string& name : all ? models::names() : kSome) check(name, *python);
}
