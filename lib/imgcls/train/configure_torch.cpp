#include <imgcls/train/trainer.h>

#include <ATen/Context.h>
#include <ATen/Parallel.h>

namespace imgcls::train {
void configure_torch(const RunOptions& options, const dist::World& world) {
  at::set_num_threads(options.threads > 0 ? options.threads : world.cores());
  at::globalContext().setDeterministicAlgorithms(options.deterministic, /*warn_only=*/false);
  at::globalContext().setDeterministicCuDNN(options.deterministic);
  at::globalContext().setBenchmarkCuDNN(!options.deterministic);
  at::globalContext().setAllowTF32CuDNN(options.tf32);
  at::globalContext().setAllowTF32CuBLAS(options.tf32);
  at::manual_seed(options.seed);
}

}  // namespace imgcls::train
