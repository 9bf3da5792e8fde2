// mpirun -np N test_ddp_ranks CASE
#include <cstdio>
#include <exception>
#include <map>
#include <string>

#include "ddp.h"

namespace {

using namespace imgcls::dist_test;

const std::map<std::string, void (*)(World&)> kCases{
    {"torchs_optimizers", torchs_optimizers},
    {"torchs_lbfgs", torchs_lbfgs},
    {"micro_batches", micro_batches},
    {"gradients_of_ones_own", gradients_of_ones_own},
    {"many_inputs_and_outputs", many_inputs_and_outputs},
    {"words", words},
    {"several_modules", several_modules},
    {"parameters_without_gradients", parameters_without_gradients},
    {"refused_by_name", refused_by_name},
    {"frozen_and_moved", frozen_and_moved},
    {"buffers_of_modules", buffers_of_modules},
    {"pytorchs_numbers", pytorchs_numbers},
};

}  // namespace

int main(int argc, char** argv) try {
  const auto test = kCases.find(argc > 1 ? argv[1] : "");
  if (test == kCases.end()) {
    std::fprintf(stderr, "usage: mpirun -np N test_ddp_ranks CASE\n");
    return 2;
  }
  const auto world =
      imgcls::dist::launch({.device = imgcls::dist::DeviceKind::cpu, .timeout_s = 60});
  test->second(*world);
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
