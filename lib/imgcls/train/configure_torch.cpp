#include <imgcls/train/trainer.h>

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>

namespace imgcls::train {
namespace {

/// Cores this process may use, shared fairly with the machine's other ranks. A launcher that binds
/// ranks to cores has divided them already; then each rank's set is smaller than the machine.
int cores_of_rank(const dist::World& world) {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) != 0) return 1;
  const int allowed = CPU_COUNT(&set);
  const auto machine = static_cast<int>(sysconf(_SC_NPROCESSORS_ONLN));
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
