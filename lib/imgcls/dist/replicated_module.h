#pragma once
// A module of which each rank trains a replica: what DistributedDataParallel, for modules of any
// kind, and DataParallel, for imgcls' models, have in common.

#include <ATen/core/Tensor.h>
#include <imgcls/dist/world.h>

#include <memory>

namespace torch::nn {
class Module;
}

namespace imgcls::dist {

/// How gradients travel.
enum class Compression {
  none,  ///< as they are
  fp16,  ///< as halves, in half the bytes, as PyTorch's fp16_compress_hook sends them: rounded to
         ///< half, then divided by the number of ranks, then added. Gradients above 65,504 become
         ///< infinite, and below 6e-8 zero.
};

/// Named as in PyTorch, with its defaults.
struct DistributedDataParallelOptions {
  /// Set buffers (running statistics) to rank 0's at each step's first forward pass in training.
  bool broadcast_buffers = true;
  /// Parameters may get no gradient in a step, on some ranks or on all; where all agree on that,
  /// the gradient stays as it was. Otherwise that is an error, which names them.
  bool find_unused_parameters = false;
  /// Gradients are views of the memory they travel in, which saves a copy of all of them in memory
  /// and time; whoever keeps a gradient beyond a step then has to clone it.
  bool gradient_as_bucket_view = false;
  /// How many MiB of gradients travel at once; the first 1 MiB travels alone.
  double bucket_cap_mb = 25;
  Compression compression = Compression::none;  ///< how gradients travel
};

/// Averages gradients and copies buffers for a module whose forward pass others run.
class ReplicatedModule {
 public:
  /// Copies rank 0's parameters and buffers to all ranks. `module` and `world` outlive this.
  /// Parameters keep their device, type, strides and `requires_grad` from here on. The options are
  /// the same on all ranks. In a world of one it does nothing. A collective. Throws DistError when
  /// ranks hold modules of different shapes, names the first tensor that differs; and when a tensor
  /// is on a device that ranks do not talk by. Without `averages` no backward pass averages:
  /// someone else sees to the gradients.
  ReplicatedModule(torch::nn::Module& module, World& world,
                   const DistributedDataParallelOptions& options, bool averages = true);
  ~ReplicatedModule();
  ReplicatedModule(const ReplicatedModule&) = delete;
  ReplicatedModule& operator=(const ReplicatedModule&) = delete;

  /// Around a forward pass. With `averages` the backward pass that follows turns the sums of
  /// gradients that parameters then hold into averages over the ranks, and each rank has to come to
  /// it; else gradients stay the rank's own. Buffers are broadcast, where that is asked for, if the
  /// module `is_training`. Throw DistError.
  void before_forward(bool averages, bool is_training);
  void after_forward(bool averages);  ///< of the same pass, before its backward pass

  /// Copies rank 0's buffers to all ranks: before an evaluation or a checkpoint. A collective.
  void sync_buffers();

 private:
  struct State;
  std::unique_ptr<State> state_;  // null in a world of one
};

/// The mean of the ranks' tensors, of one shape and floating-point type, without gradient: of a
/// loss that is to be reported, or that every rank decides by (torch::optim::LBFGS). A collective.
/// Throws DistError.
at::Tensor all_reduce_mean(const at::Tensor& tensor, World& world);

}  // namespace imgcls::dist
