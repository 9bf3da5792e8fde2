#pragma once
// The training loss of an epoch that is under way. Internal to train/.

#include <ATen/core/Tensor.h>
#include <imgcls/dist/world.h>
#include <imgcls/train/checkpoint.h>

#include <cstddef>
#include <cstdint>

namespace imgcls::train {

/// Losses added up, of all ranks or of one.
struct LossTotals {
  double sum = 0;           ///< of the images' losses
  std::int64_t images = 0;  ///< in the sum

  /// 0 without images.
  double mean() const { return images > 0 ? sum / static_cast<double>(images) : 0; }
};

/// Adds this rank's losses up on its device; `totals` waits for it.
class EpochLoss {
 public:
  /// Begins at 0 on the rank's device. `world` must outlive this.
  explicit EpochLoss(dist::World& world);

  /// Goes on with what a checkpoint holds, which rank 0 keeps for all.
  void go_on(const Position& position);
  /// The mean loss (a scalar on the device) of so many images.
  void add(const at::Tensor& mean, std::size_t images);
  /// Another epoch begins.
  void reset();

  /// Of this rank: the sum where it lies (double, a scalar), to be read without waiting, and of how
  /// many images it is.
  const at::Tensor& sum_on_device() const { return sum_; }
  std::int64_t images() const { return images_; }  ///< in sum_on_device()
  /// Of all ranks. All ranks call it.
  LossTotals totals() const;

 private:
  dist::World& world_;
  at::Tensor sum_;  // in double
  std::int64_t images_ = 0;
};

/// Throws dist::AgreedError, with advice, where the sum of the losses of all ranks after `step`
/// steps is no finite number. `any_checkpoint`: whether there is one, which is from before.
void throw_if_diverged(double loss_sum, std::int64_t step, bool any_checkpoint);

}  // namespace imgcls::train
