#pragma once
// Batch norm (Ioffe & Szegedy, arXiv:1502.03167) whose statistics several processes can share.
//
// It is torch::nn::BatchNorm2d, with its names, options, first values and bits, until a
// StatisticsExchange is attached, as dist::synchronize_batch_norm does. From then on it normalizes
// in training with the statistics of all processes' images together, as PyTorch's SyncBatchNorm
// does: many processes with a share each then compute what one with all the images would.
//
// Write networks with this class instead of torch::nn's, whose modules cannot be exchanged once
// they are members of a network's class. Like every header of torch's modules it costs seconds to
// include, and no other header of imgcls includes it.

#include <torch/nn/modules/batchnorm.h>

#include <memory>

namespace imgcls::models {

/// What processes tell each other in a training step. All call the members in the same order.
class StatisticsExchange {
 public:
  virtual ~StatisticsExchange() = default;

  /// Every process's `mine` (n values of type float or double, on any device): processes x n.
  virtual at::Tensor gather(const at::Tensor& mine) = 0;

  /// Replaces `values` (n values of type float or double) by their sums over the processes: the
  /// same bits on each.
  virtual void sum(at::Tensor& values) = 0;
};

/// Batch norm for images N x C x H x W in float, half, bfloat16 or double. Statistics are float
/// (double for double), also under autocast. It derives from torch's template and not from its
/// BatchNorm2d, so that no pointer to the latter can call a forward that shares nothing.
class BatchNorm2dImpl : public torch::nn::BatchNormImplBase<2, BatchNorm2dImpl> {
 public:
  /// The constructors take torch::nn::BatchNorm2dOptions or a number of channels.
  using Base = torch::nn::BatchNormImplBase<2, BatchNorm2dImpl>;
  using Base::Base;

  /// From now on share statistics in training; null: no longer. Evaluation shares nothing: it uses
  /// the running statistics, or the batch's own where there are none.
  void set_exchange(std::shared_ptr<StatisticsExchange> exchange);

  /// Normalized images, of the type and memory format of `images`. With an exchange: mean and
  /// variance are those of all processes' images, whose numbers may differ and may be 0 on some;
  /// the running variance is unbiased over their number. Gradients of weight and bias are this
  /// process's part: they add up over the processes. The gradient has no gradient of its own.
  at::Tensor forward(const at::Tensor& images);

  struct Statistics;  // internal

 protected:
  /// Throws Error for other than 4 dimensions.
  void _check_input_dim(const at::Tensor& images) override;

 private:
  at::Tensor forward_shared(const at::Tensor& images);
  at::Tensor forward_on_device(const at::Tensor& images);
  double next_share();
  void follow(const Statistics& batch);  // with the running statistics

  std::shared_ptr<StatisticsExchange> exchange_;
};

TORCH_MODULE(BatchNorm2d);

}  // namespace imgcls::models
