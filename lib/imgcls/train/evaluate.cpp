#include <imgcls/train/evaluate.h>
#include <imgcls/train/readback.h>
#include <imgcls/train/wait_for_data.h>

#include <ATen/Context.h>
#include <ATen/core/Reduction.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

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

/// Turns off TF32, and back to what it was: fp32 is what an evaluation promises.
class FullFloat {
 public:
  FullFloat() : convolutions_(context().allowTF32CuDNN()), products_(context().allowTF32CuBLAS()) {
    set(false, false);
  }
  ~FullFloat() { set(convolutions_, products_); }
  FullFloat(const FullFloat&) = delete;
  FullFloat& operator=(const FullFloat&) = delete;

 private:
  static at::Context& context() { return at::globalContext(); }
  static void set(bool convolutions, bool products) {
    context().setAllowTF32CuDNN(convolutions);
    context().setAllowTF32CuBLAS(products);
  }
  bool convolutions_, products_;
};

/// Adds batches to an evaluation's details when the device has done them: a batch's figures come
/// while it computes the next.
class LateDetails {
 public:
  /// `details` may be null: then nothing is read.
  LateDetails(EvalDetails* details, const std::string& device)
      : details_(details), readback_(device) {}

  void add(const at::Tensor& logits, const at::Tensor& labels,
           const std::vector<std::uint64_t>& samples) {
    if (details_ == nullptr) return;
    finish();
    const EvalGuesses guesses = look(logits, labels);
    readback_.start({guesses.labels, guesses.predicted, guesses.highest, guesses.of_label});
    samples_ = samples;
  }
  void finish() {
    if (!readback_.is_under_way()) return;
    const std::vector<at::Tensor> host = readback_.take();
    details_->add({host[0], host[1], host[2], host[3]}, samples_);
  }

 private:
  EvalDetails* details_;
  Readback readback_;
  std::vector<std::uint64_t> samples_;
};

/// An EvalCounts' members (int64, 4) on the device of the logits. Waits for nothing.
at::Tensor counts_on_device(const at::Tensor& all_logits, const at::Tensor& all_labels) {
  const at::Tensor logits = all_logits.to(at::kFloat);
  const at::Tensor used = all_labels.ne(data::kSkippedLabel);
  const at::Tensor labels = all_labels.clamp_min(0).unsqueeze(1);
  const at::Tensor own = logits.gather(1, labels);
  const at::Tensor classes = at::arange(logits.size(1), labels.options()).unsqueeze(0);
  // "Not lower or equal" instead of "higher": a comparison with a NaN is false.
  const at::Tensor higher = logits.le(own).logical_not();
  const at::Tensor tied_before = logits.eq(own).logical_and(classes.lt(labels));
  const at::Tensor place = higher.logical_or(tied_before).sum(1);
  const at::Tensor losses = at::cross_entropy_loss(logits, all_labels, /*weight=*/{},
                                                   at::Reduction::None, data::kSkippedLabel)
                                .to(at::kDouble)
                                .nan_to_num(1e4, 1e4);
  const at::Tensor loss_units = losses.sum().mul(0x1p24).add(0.5).floor().to(at::kLong);
  return at::stack({used.sum(), place.lt(1).logical_and(used).sum(),
                    place.lt(5).logical_and(used).sum(), loss_units});
}

EvalCounts counts_of(const std::array<std::int64_t, 4>& members) {
  return {members[0], members[1], members[2], members[3]};
}

std::array<std::int64_t, 4> members(const at::Tensor& counts) {
  const at::Tensor host = counts.cpu();
  std::array<std::int64_t, 4> values{};
  std::copy_n(host.const_data_ptr<std::int64_t>(), values.size(), values.begin());
  return values;
}

}  // namespace

EvalCounts count(const at::Tensor& logits, const at::Tensor& labels) {
  const at::NoGradGuard no_grad;
  return counts_of(members(counts_on_device(logits, labels)));
}

EvalCounts evaluate(const models::Model& model, data::Loader& loader, const InputStage& input,
                    dist::World& world, bool flip, const std::function<bool(std::size_t)>& go_on,
                    EvalDetails* details) {
  const at::NoGradGuard no_grad;
  const EvalMode eval_mode(model);
  const FullFloat full_float;
  at::Tensor sum =
      at::zeros({4}, at::TensorOptions().dtype(at::kLong).device(at::Device(world.device())));
  LateDetails late(details, world.device());
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
    sum.add_(counts_on_device(logits, on_device.labels));
    late.add(logits, on_device.labels, batch->samples);
  }
  late.finish();
  go_on(batches);
  std::array<std::int64_t, 4> totals = members(sum);
  world.sum(totals);
  if (details != nullptr) details->sum(world);
  return counts_of(totals);
}

}  // namespace imgcls::train
