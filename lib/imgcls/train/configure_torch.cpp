#include <imgcls/train/trainer.h>

#include <ATen/Context.h>
#include <ATen/Parallel.h>

#include <cstdlib>

#ifdef __GLIBC__
#include <malloc.h>
#endif

namespace imgcls::train {
namespace {

/// glibc's malloc gives large blocks back to the system when they are freed, and a training step
/// asks for gigabytes of them, whose pages are then zeroed anew (benchmarks/allocator.cpp). A
/// program that is linked to another allocator is not touched by this.
void keep_freed_memory() {
#ifdef __GLIBC__
  constexpr int kNever = -1;  // any other number is a threshold in bytes
  mallopt(M_MMAP_MAX, 0);
  mallopt(M_TRIM_THRESHOLD, kNever);
  mallopt(M_TOP_PAD, 64 << 20);
#endif
}

/// What cuBLAS needs to give the same bits each time; it reads it when it is first used.
void fix_workspace_of_cublas() {
  constexpr int kKeepOwn = 0;
  ::setenv("CUBLAS_WORKSPACE_CONFIG", ":4096:8", kKeepOwn);
}

}  // namespace

void configure_torch(const RunOptions& options, const dist::World& world) {
  const bool deterministic = is_deterministic(options, world.device());
  at::Context& context = at::globalContext();
  at::set_num_threads(compute_threads(options, world.cores()));
  context.setDeterministicAlgorithms(deterministic, /*warn_only=*/false);
  // Else each new tensor is filled, which shows reads of unwritten memory: a matter of tests.
  context.setDeterministicFillUninitializedMemory(false);
  context.setDeterministicCuDNN(deterministic);
  context.setBenchmarkCuDNN(!deterministic);
  context.setAllowTF32CuDNN(options.tf32);
  context.setAllowTF32CuBLAS(options.tf32);
  if (deterministic) fix_workspace_of_cublas();
  keep_freed_memory();
  at::manual_seed(options.seed);
}

}  // namespace imgcls::train
