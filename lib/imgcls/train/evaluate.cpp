#include <imgcls/train/evaluate.h>
#include <imgcls/train/wait_for_data.h>

#include <ATen/core/Reduction.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cross_entropy_loss.h>

#include <array>
#include <cmath>

namespace imgcls::train {
namespace {

/// Puts the model into evaluation mode and back into what it was.
class EvalMode {
 public:
  explicit EvalMode(models::Model model) : model_(std::move(model)), was_(model_.is_training()) {
    model_.train(false);
  }
  ~EvalMode() { model_.train(was_); }
  EvalMode(const EvalMode&) = delete;
  EvalMode& operator=(const EvalMode&) = delete;

 private:
  models::Model model_;
  bool was_;
};

void add(EvalCounts& sum, const EvalCounts& more) {
  sum.images += more.images;
  sum.top1 += more.top1;
  sum.top5 += more.top5;
  sum.loss_units += more.loss_units;
}

}  // namespace

EvalCounts count(const at::Tensor& all_logits, const at::Tensor& all_labels) {
  const at::NoGradGuard no_grad;
  const at::Tensor used = all_labels.ne(data::kSkippedLabel);
  const at::Tensor labels = all_labels.masked_select(used);
  const at::Tensor logits = all_logits.to(at::kFloat).index({used});
  if (labels.numel() == 0) return {};
  const at::Tensor own = logits.gather(1, labels.unsqueeze(1));
  const at::Tensor classes = at::arange(logits.size(1), labels.options()).unsqueeze(0);
  // "Not lower or equal" instead of "higher": a comparison with a NaN is false.
  const at::Tensor higher = logits.le(own).logical_not();
  const at::Tensor tied_before = logits.eq(own).logical_and(classes.lt(labels.unsqueeze(1)));
  const at::Tensor place = higher.logical_or(tied_before).sum(1);
  const at::Tensor losses =
      at::cross_entropy_loss(logits, labels, /*weight=*/{}, at::Reduction::None)
          .to(at::kDouble)
          .nan_to_num(1e4, 1e4);
  return {.images = labels.numel(),
          .top1 = place.lt(1).sum().item<std::int64_t>(),
          .top5 = place.lt(5).sum().item<std::int64_t>(),
          .loss_units = std::llround(losses.sum().item<double>() * 0x1p24)};
}

EvalCounts evaluate(const models::Model& model, data::Loader& loader, const InputStage& input,
                    dist::World& world, bool flip, const std::function<bool(std::size_t)>& go_on,
                    EvalDetails* details) {
  const at::NoGradGuard no_grad;
  const EvalMode eval_mode(model);
  EvalCounts sum;
  loader.start(0);
  // Ranks take batches in turn; in the last turn some have none, but all agree on going on.
  const std::size_t batches = loader.batches_per_epoch();
  const auto world_size = static_cast<std::size_t>(world.size());
  for (std::size_t done = 0; done < batches; done += world_size) {
    if (wait_for_data(loader, world, [&] { return go_on(done) ? 0 : 1; }) != 0) {
      return {.images = -1};
    }
    const data::Batch* batch = loader.next();
    if (!batch) continue;
    const DeviceBatch on_device = input(*batch);
    at::Tensor logits = model.forward(on_device.images);
    if (flip) logits = logits.add(model.forward(on_device.images.flip(3))).div(2);
    add(sum, count(logits, on_device.labels));
    if (details != nullptr) details->add(logits, on_device.labels, batch->samples);
  }
  go_on(batches);
  std::array<std::int64_t, 4> totals{sum.images, sum.top1, sum.top5, sum.loss_units};
  world.sum(totals);
  if (details != nullptr) details->sum(world);
  return {totals[0], totals[1], totals[2], totals[3]};
}

}  // namespace imgcls::train
