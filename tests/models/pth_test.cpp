#include "../support/python_with.h"
#include "../support/run_program.h"
#include "../support/skip.h"
#include "../support/temp_folder.h"

#include <imgcls/core/error.h>
#include <imgcls/core/file.h>
#include <imgcls/models/dtypes.h>
#include <imgcls/models/pth.h>
#include <imgcls/models/safetensors.h>
#include <imgcls/models/weights.h>

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/tensor.h>

#include <paths.h>
#include <catch2/catch.hpp>
#include <map>

using namespace imgcls;
using Catch::Matchers::Contains;

namespace {

namespace fs = std::filesystem;

const fs::path kFolder = IMGCLS_SOURCE_DIR "/tests/models/pth_reference";

/// Whether the tensor has the bytes that pth_reference.py gives one of that type.
bool has_pattern(const at::Tensor& tensor) {
  const at::Tensor row = tensor.contiguous();
  const auto* bytes = static_cast<const std::uint8_t*>(row.const_data_ptr());
  for (std::size_t i = 0; i < row.nbytes(); ++i) {
    const std::size_t expected = (11 + 37 * i) % (tensor.scalar_type() == at::kBool ? 2 : 256);
    if (bytes[i] != expected) return false;
  }
  return tensor.sizes() == at::IntArrayRef{2, 3};
}

void check_types(const std::vector<models::NamedTensor>& tensors, std::size_t count) {
  CHECK(tensors.size() == count);
  for (const auto& [name, tensor] : tensors) {
    INFO(name);
    CHECK(has_pattern(tensor));
    CHECK(name == "of." + std::string(weights::info(models::stored_type(tensor, name)).name));
  }
}

/// Without the types that safetensors lacks.
std::vector<models::NamedTensor> storable(std::vector<models::NamedTensor> tensors) {
  std::erase_if(tensors, [](const models::NamedTensor& item) {
    return item.tensor.scalar_type() == at::kComplexDouble ||
           item.tensor.scalar_type() == at::kComplexHalf;
  });
  return tensors;
}

}  // namespace

TEST_CASE("tensors of every type are read from what Python wrote, and written back") {
  const test::TempFolder folder;
  const auto types = models::read_pth(kFolder / "types.pth");
  check_types(types, 21);
  check_types(models::read_pth(kFolder / "types-legacy.pth"), 21);
  check_types(models::read_safetensors(kFolder / "types.safetensors"), 19);
  check_types(models::read_weights(kFolder / "types.safetensors"), 19);

  models::write_pth(folder / "a.pth", types);
  check_types(models::read_weights(folder / "a.pth"), 21);
  models::write_weights(folder / "a.safetensors", storable(types));
  check_types(models::read_weights(folder / "a.safetensors"), 19);
  CHECK_THROWS_WITH(models::write_safetensors(folder / "b", types),
                    Contains("of.complex128") && Contains("which safetensors lacks"));
  CHECK_FALSE(fs::exists(folder / "b"));
  models::write_pth(folder / "b.pth", types);
  CHECK((read_file(folder / "a.pth") == read_file(folder / "b.pth")));  // bytes are not printable
  CHECK_THROWS_AS(models::write_weights(folder / "c.txt", types), ConfigError);
}

TEST_CASE("views of the same storage share memory and have their values") {
  for (const char* file : {"views.pth", "checkpoint.pth", "checkpoint-legacy.pth"}) {
    std::map<std::string, at::Tensor> tensors;
    for (auto& [name, tensor] : models::read_pth(kFolder / file)) tensors[name] = tensor;
    const at::Tensor base = at::arange(24, at::kFloat).reshape({2, 3, 4});
    CHECK(tensors.at("base").equal(base));
    CHECK(tensors.at("transposed").equal(base.transpose(0, 2)));
    CHECK(tensors.at("slice").equal(base.select(0, 1).slice(1, 1, 4, 2)));
    CHECK(tensors.at("scalar").item<float>() == 23);
    CHECK(tensors.at("expanded").equal(base.select(0, 0).select(0, 1).slice(0, 0, 1).expand({4})));
    CHECK(tensors.at("nhwc").equal(base.reshape({2, 3, 2, 2}) + 100));
    CHECK(tensors.at("nhwc").is_contiguous(at::MemoryFormat::ChannelsLast));
    CHECK(tensors.at("empty").sizes() == at::IntArrayRef{0, 3});
    CHECK(tensors.at("parameter").equal(at::tensor({1.5F, -2.0F})));
    tensors.at("base").fill_(7);
    CHECK(tensors.at("scalar").item<float>() == 7);
    // Written again, each stands for itself.
    const test::TempFolder folder;
    const auto all = models::read_pth(kFolder / file);
    models::write_safetensors(folder / "v.safetensors", all);
    for (const auto& [name, tensor] : models::read_safetensors(folder / "v.safetensors")) {
      const auto same = std::ranges::find(all, name, &models::NamedTensor::name);
      CHECK(tensor.equal(same->tensor));
    }
  }
}

TEST_CASE("what Python writes now comes back to it equal to the last bit") {
  const auto python = test::python_with("torch, safetensors");
  if (!python) IMGCLS_SKIP("IMGCLS_PYTHON names no Python with torch and safetensors");
  const test::TempFolder folder;
  const auto script = [&](const std::string& command) {
    return test::run_program(*python + " " IMGCLS_SOURCE_DIR "/tests/models/pth_reference.py " +
                             command + " " + folder.path().string());
  };
  const auto written = script("write");
  INFO(written.output);
  REQUIRE(written.code == 0);
  check_types(models::read_pth(folder / "types-legacy.pth"), 21);
  const auto types = models::read_pth(folder / "types.pth");
  check_types(types, 21);
  models::write_pth(folder / "cpp.pth", types);
  models::write_safetensors(folder / "cpp.safetensors", storable(types));
  const auto checked = script("check");
  INFO(checked.output);
  CHECK(checked.code == 0);
}
