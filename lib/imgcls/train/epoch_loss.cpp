#include <imgcls/dist/agree.h>
#include <imgcls/train/epoch_loss.h>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/zeros.h>
#include <fmt/format.h>

#include <array>
#include <cmath>

namespace imgcls::train {

EpochLoss::EpochLoss(dist::World& world)
    : world_(world),
      sum_(at::zeros({},
                     at::TensorOptions().dtype(at::kDouble).device(at::Device(world.device())))) {}

void EpochLoss::go_on(const Position& position) {
  if (!world_.is_first()) return;
  sum_.fill_(position.loss_sum);
  images_ = position.images;
}

void EpochLoss::add(const at::Tensor& mean, std::size_t images) {
  const at::NoGradGuard no_grad;
  sum_.add_(mean.to(at::kDouble), static_cast<double>(images));
  images_ += static_cast<std::int64_t>(images);
}

void EpochLoss::reset() {
  sum_.zero_();
  images_ = 0;
}

LossTotals EpochLoss::totals() const {
  std::array<double, 2> totals{sum_.item<double>(), static_cast<double>(images_)};
  world_.sum(totals);
  return {totals[0], static_cast<std::int64_t>(totals[1])};
}

void throw_if_diverged(double loss_sum, std::int64_t step, bool any_checkpoint) {
  if (std::isfinite(loss_sum)) return;
  throw dist::AgreedError(fmt::format(
      "the training loss is no longer a finite number at step {}.{} Try a lower optimizer.lr or a "
      "longer schedule.warmup_epochs.",
      step, any_checkpoint ? " The newest checkpoint is from before." : ""));
}

}  // namespace imgcls::train
