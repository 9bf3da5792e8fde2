// gpu_check cpu|cuda CHECK...: checks of single parts on a GPU, for run.py. Prints a line of JSON
// for each: {"check": ..., "ok": true|false|null, "detail": ...}, null where it needs a GPU.
// Without CHECK all of them. Exit code: 0 none failed, 1 some did.
#include "gpu_check.h"

#include <imgcls/core/error.h>
#include <imgcls/train/trainer.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <exception>
#include <functional>
#include <nlohmann/json.hpp>
#include <string_view>
#include <vector>

using namespace imgcls;

namespace {

struct Check {
  const char* name;
  std::string (*run)(dist::World&);
};

constexpr std::array kChecks{
    Check{"input", gpu_check::input},       Check{"optimizers", gpu_check::optimizers},
    Check{"scaler", gpu_check::scaler},     Check{"batch_norm", gpu_check::batch_norm},
    Check{"nccl", gpu_check::nccl},         Check{"memory", gpu_check::memory},
    Check{"families", gpu_check::families},
};

/// Whether the check did not fail.
bool report(const Check& check, dist::World& world) {
  nlohmann::json line{{"check", check.name}, {"ok", true}, {"device", world.device()}};
  try {
    train::RunOptions options;
    options.tf32 = false;  // fp32 is compared with a CPU's
    // Some layers have no deterministic backward pass on a GPU, and refuse.
    options.deterministic = false;
    train::configure_torch(options, world);
    line["detail"] = check.run(world);
  } catch (const gpu_check::NeedsGpu& needs) {
    line["ok"] = nullptr;
    line["detail"] = needs.what();
  } catch (const std::exception& error) {
    line["ok"] = false;
    line["detail"] = error.what();
  }
  std::printf("%s\n", line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace).c_str());
  std::fflush(stdout);
  return line["ok"] != false;
}

int usage() {
  std::fputs("usage: gpu_check cpu|cuda [CHECK...]\nchecks:", stderr);
  for (const Check& check : kChecks) std::fprintf(stderr, " %s", check.name);
  std::fputs("\n", stderr);
  return 2;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view device = argc > 1 ? argv[1] : "";
  if (device != "cpu" && device != "cuda") return usage();
  std::vector<Check> chosen;
  for (int i = 2; i < argc; ++i) {
    const auto* found = std::find_if(kChecks.begin(), kChecks.end(), [&](const Check& check) {
      return std::string_view(check.name) == argv[i];
    });
    if (found == kChecks.end()) return usage();
    chosen.push_back(*found);
  }
  if (chosen.empty()) chosen.assign(kChecks.begin(), kChecks.end());
  try {
    const auto world =
        dist::launch({.device = device == "cpu" ? dist::DeviceKind::cpu : dist::DeviceKind::cuda});
    bool good = true;
    for (const Check& check : chosen) good = report(check, *world) && good;
    return good ? 0 : 1;
  } catch (const Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
