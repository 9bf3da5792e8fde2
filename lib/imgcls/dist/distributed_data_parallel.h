#pragma once
// Data-parallel training for programs on LibTorch: what torch.nn.parallel.DistributedDataParallel
// is in Python. Any torch::nn::Module, any optimizer of torch::optim.
//
//   const auto world = imgcls::dist::launch();             // one process, or one of mpirun's
//   Net net;                                               // a module of one's own
//   net->to(torch::Device(world->device()));
//   torch::optim::AdamW optimizer(net->parameters(), 1e-3);
//   imgcls::dist::DistributedDataParallel ddp(net, *world);
//   // each step, on this rank's share of the batch:
//   optimizer.zero_grad();
//   loss(ddp.forward(images), labels).backward();          // gradients are means over the ranks
//   optimizer.step();                                      // so all ranks take the same step
//
// docs/data-parallel.md has the whole of it, and compares with PyTorch's; CMake target
// imgcls::dist.

#include <ATen/core/grad_mode.h>
#include <imgcls/core/error.h>
#include <imgcls/dist/replicated_module.h>
#include <imgcls/dist/world.h>

#include <concepts>
#include <memory>
#include <utility>

namespace torch::nn {
template <class Contained>
class ModuleHolder;
}

namespace imgcls::dist {

/// Keeps the replicas of a module equal. M is the module's class: NetImpl, where TORCH_MODULE(Net)
/// made a holder. In a world of one it only calls the module.
///
/// A backward pass that averages throws DistError when a trainable parameter got no gradient
/// (unless find_unused_parameters) or a sparse one, and RankFailure (world.h) when another rank
/// does not come to it. Call `backward` once for each `forward`, of several losses on the sum.
template <class M>
class DistributedDataParallel {
 public:
  using Options = DistributedDataParallelOptions;  ///< named as in PyTorch

  /// Copies rank 0's parameters and buffers to all ranks; call it alike on all of them. Convert,
  /// move and freeze before, not after. `world` outlives this. Throws DistError (ReplicatedModule).
  DistributedDataParallel(std::shared_ptr<M> module, World& world, const Options& options = {})
      : module_(not_null(std::move(module))), replicated_(*module_, world, options) {}
  /// The same of what TORCH_MODULE made, which the holder's copies share.
  DistributedDataParallel(const torch::nn::ModuleHolder<M>& module, World& world,
                          const Options& options = {})
      : DistributedDataParallel(module.ptr(), world, options) {}
  /// `module` outlives this.
  DistributedDataParallel(M& module, World& world, const Options& options = {}) requires
      std::derived_from<M, torch::nn::Module>
      : DistributedDataParallel(std::shared_ptr<M>(std::shared_ptr<M>(), &module), world, options) {
  }

  /// What the module's own `forward` gives of these arguments, whatever both are. Where gradients
  /// are enabled, the backward pass that follows averages them. Throws DistError: when parameters
  /// have been frozen, moved or converted meanwhile, and after a backward pass that failed.
  template <class... Arguments>
  auto forward(Arguments&&... arguments) {
    const bool trains = at::GradMode::is_enabled();
    if (trains) replicated_.before_forward(averages_, module_->is_training());
    auto output = module_->forward(std::forward<Arguments>(arguments)...);
    if (trains) replicated_.after_forward(averages_);
    return output;
  }
  /// As `forward`.
  template <class... Arguments>
  auto operator()(Arguments&&... arguments) {
    return forward(std::forward<Arguments>(arguments)...);
  }

  /// While the result lives, backward passes of `forward` add to gradients that stay this rank's:
  /// for all micro-batches of a step but the last, whose backward pass averages the sums.
  class [[nodiscard]] NoSync {
   public:
    ~NoSync() { averages_ = before_; }
    NoSync(const NoSync&) = delete;
    NoSync& operator=(const NoSync&) = delete;

   private:
    friend DistributedDataParallel;
    explicit NoSync(bool& averages) : averages_(averages), before_(averages) { averages_ = false; }
    bool& averages_;
    bool before_;
  };
  NoSync no_sync() { return NoSync(averages_); }  ///< lasts as long as the result is kept

  /// Copies rank 0's buffers to all ranks, before ranks evaluate. Call it alike on all of them.
  void sync_buffers() { replicated_.sync_buffers(); }

  M& module() { return *module_; }           ///< the replica of this rank
  M* operator->() { return module_.get(); }  ///< its members: `ddp->parameters()`

 private:
  static std::shared_ptr<M> not_null(std::shared_ptr<M> module) {
    if (!module) throw DistError("DistributedDataParallel was given no module (a null pointer)");
    return module;
  }

  std::shared_ptr<M> module_;
  ReplicatedModule replicated_;
  bool averages_ = true;
};

}  // namespace imgcls::dist
