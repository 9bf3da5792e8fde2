#pragma once
// What gpu_check checks: each on the world's device, which may be a CPU (a rehearsal).

#include <imgcls/dist/world.h>

#include <stdexcept>
#include <string>

namespace imgcls::gpu_check {

/// What a check found wrong; other exceptions count as that, too.
class Wrong : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// The check has no meaning on a CPU.
class NeedsGpu : public std::runtime_error {
 public:
  NeedsGpu() : std::runtime_error("needs a GPU") {}
};

// Each returns what it measured, in words. Throws Wrong.

/// The smallest model of each family takes a step in fp32 and one in fp16 autocast: losses and
/// parameters are finite, and parameters change.
std::string families(dist::World& world);
/// 50 steps take no more memory than the first ones.
std::string memory(dist::World& world);

/// Images are normalized as on the CPU, and lie channels last.
std::string input(dist::World& world);
/// Adam and SGD, with weight decay, go where they go on the CPU.
std::string optimizers(dist::World& world);
/// A step with an infinite gradient is skipped and halves the scale, the next one counts, and a
/// loaded scale goes on as the saved one.
std::string scaler(dist::World& world);
/// Batch norm that exchanges its statistics, with nobody, computes what it does without.
std::string batch_norm(dist::World& world);
/// NCCL in a world of one: it connects, and its collectives give back what went in.
std::string nccl(dist::World& world);

}  // namespace imgcls::gpu_check
