// A process started by hand: the world of one, and the choice of its device.
#include <imgcls/core/error.h>
#include <imgcls/dist/data_parallel.h>
#include <imgcls/dist/device.h>
#include <imgcls/dist/world.h>
#include <catch2/catch.hpp>

#include <array>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "small_net.h"

namespace imgcls {
namespace {

using Catch::Matchers::Contains;
using dist::DeviceKind;

bool has_gpu() {
  return std::filesystem::exists("/dev/nvidiactl");
}

// Sets IMGCLS_CUDA_PLUGIN for a test.
class PluginPath {
 public:
  explicit PluginPath(const std::string& path) { setenv("IMGCLS_CUDA_PLUGIN", path.c_str(), 1); }
  ~PluginPath() { unsetenv("IMGCLS_CUDA_PLUGIN"); }
  PluginPath(const PluginPath&) = delete;
  PluginPath& operator=(const PluginPath&) = delete;
};

TEST_CASE("a program started by hand is a world of one") {
  const auto world = dist::launch({.device = DeviceKind::cpu});
  REQUIRE(world->rank() == 0);
  REQUIRE(world->size() == 1);
  REQUIRE(world->local_rank() == 0);
  REQUIRE(world->local_size() == 1);
  REQUIRE(world->is_first());
  REQUIRE(world->device() == "cpu");
  REQUIRE(world->backend() == "single");
  REQUIRE(world->process_group() == nullptr);

  std::array<std::int64_t, 2> counts{3, -4};
  world->sum(counts);
  REQUIRE((counts == std::array<std::int64_t, 2>{3, -4}));
  std::array<double, 1> loss{0.25};
  world->sum(loss);
  REQUIRE(loss[0] == 0.25);
  REQUIRE(world->max(-7) == -7);
  REQUIRE(world->broadcast("text") == "text");
  REQUIRE(world->gather("mine") == std::vector<std::string>{"mine"});
  world->barrier();
}

TEST_CASE("a time limit that is no time is refused") {
  CHECK_THROWS_WITH(dist::launch({.timeout_s = 0}), Contains("timeout_s"));
  CHECK_THROWS_AS(dist::launch({.timeout_s = std::nan("")}), DistError);
}

TEST_CASE("in a world of one DataParallel is the model itself") {
  const auto world = dist::launch({.device = DeviceKind::cpu});
  models::Model model(std::make_shared<dist_test::SmallNet>(0.0));
  const at::Tensor images = dist_test::values({2, 3, 6, 6}, 9, 1);
  dist::DataParallel parallel(model, *world);
  const at::Tensor logits = parallel.forward(images);
  REQUIRE(logits.equal(model.forward(images)));
  logits.sum().backward();
  REQUIRE(model.parameters().front().tensor.grad().defined());
  parallel.sync_buffers();
}

TEST_CASE("automatic takes the CPU where there is no GPU") {
  if (has_gpu()) return;
  const auto world = dist::launch();
  REQUIRE(world->device() == "cpu");
}

TEST_CASE("cuda without a GPU is an error that says what is missing") {
  if (has_gpu()) return;
  CHECK_THROWS_AS(dist::launch({.device = DeviceKind::cuda}), DistError);
  // Either the plugin loads and CUDA sees no GPU, or the loader's own words say what it lacks.
  CHECK_THROWS_WITH(dist::launch({.device = DeviceKind::cuda}),
                    Contains("CUDA sees no GPU") || Contains("cannot open shared object file"));
}

TEST_CASE("a GPU plugin that does not load is named, with the loader's words") {
  const PluginPath absent("/nowhere/libimgcls_cuda.so");
  CHECK_THROWS_WITH(dist::launch({.device = DeviceKind::cuda}),
                    Contains("/nowhere/libimgcls_cuda.so: cannot open shared object file") &&
                        Contains("pip install torch"));
}

TEST_CASE("a file that is no GPU plugin is refused") {
  const auto path = std::filesystem::temp_directory_path() / "imgcls-test-no-plugin.so";
  std::ofstream(path) << "not a library";
  {
    const PluginPath text(path.string());
    CHECK_THROWS_WITH(dist::launch({.device = DeviceKind::cuda}), Contains(path.string()));
  }
  std::filesystem::remove(path);
  const PluginPath other_library("libm.so.6");
  CHECK_THROWS_WITH(dist::launch({.device = DeviceKind::cuda}),
                    Contains("is not of this version of imgcls"));
}

}  // namespace
}  // namespace imgcls
