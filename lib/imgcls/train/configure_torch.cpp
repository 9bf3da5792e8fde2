#include <imgcls/core/cores.h>
#include <imgcls/train/trainer.h>

#include <ATen/Context.h>
#include <ATen/Parallel.h>

#include <algorithm>

namespace imgcls::train {
namespace {

/// Cores this process may use, shared fairly with the machine's other ranks. A launcher that binds
/// ranks to cores has divided them already; then each rank's set is smaller than the machine.
int cores_of_rank(const dist::World& world) {
  const int allowed = usable_cores(), machine = machine_cores();
  return allowed < machine ? allowed : std::max(1, allowed / world.local_size());
}

}  // namespace

void configure_torch(const RunOptions& options, const dist::World& world) {
  at::set_num_threads(options.threads > 0 ? options.threads : cores_of_rank(world));
  at::globalContext().setDeterministicAlgorithms(options.deterministic, /*warn_only=*/false);
  at::globalContext().setDeterministicCuDNN(options.deterministic);
  at::globalContext().setBenchmarkCuDNN(!options.deterministic);
  at::globalContext().setAllowTF32CuDNN(options.tf32);
  at::globalContext().setAllowTF32CuBLAS(options.tf32);
  at::manual_seed(options.seed);
}

}  // namespace imgcls::train
