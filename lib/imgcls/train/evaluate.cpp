#include <imgcls/train/evaluate.h>
#include <imgcls/train/readback.h>
#include <imgcls/train/wait_for_data.h>

#include <ATen/Context.h>
#include <ATen/core/Reduction.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/binary_cross_entropy_with_logits.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/zeros.h>

#include <array>
#include <bit>
#include <string>
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
    readback_.start({guesses.labels, guesses.predicted, guesses.probability, guesses.loss});
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

/// The same of a multi-label source's logits.
class LateScores {
 public:
  LateScores(const data::Source& source, const std::string& device)
      : scores_(source), readback_(device) {}

  void add(const at::Tensor& logits, const data::Batch& batch) {
    finish();
    readback_.start({logits});
    samples_ = batch.samples;
    labels_.assign(batch.labels.begin(), batch.labels.end());
  }
  MultiLabelFigures figures(dist::World& world) {
    finish();
    return scores_.figures(world);
  }

 private:
  void finish() {
    if (readback_.is_under_way()) scores_.add(readback_.take().front(), samples_, labels_);
  }

  MultiLabelScores scores_;
  Readback readback_;
  std::vector<std::uint64_t> samples_;
  std::vector<std::int64_t> labels_;
};

/// EvalCounts on the device of the logits.
struct DeviceCounts {
  at::Tensor integers;    ///< int64, 4: images, top1, top5, loss_units
  at::Tensor far_losses;  ///< double, 1

  static DeviceCounts none(const std::string& device) {
    const auto on_device = at::TensorOptions().device(at::Device(device));
    return {at::zeros({4}, on_device.dtype(at::kLong)),
            at::zeros({1}, on_device.dtype(at::kDouble))};
  }
  void add(const DeviceCounts& other) {
    integers.add_(other.integers);
    far_losses.add_(other.far_losses);
  }
};

/// The images' losses, in double, as sums: in units, and of those that integers have no room for.
std::pair<at::Tensor, at::Tensor> sums_of(const at::Tensor& losses) {
  constexpr double kFarLoss = 0x1p16;                        // 2^23 of them fit into 2^63 units
  const at::Tensor far = losses.le(kFarLoss).logical_not();  // and not "gt": a NaN is
  return {losses.masked_fill(far, 0).sum().mul(0x1p24).add(0.5).floor().to(at::kLong),
          losses.masked_fill(far.logical_not(), 0).sum().unsqueeze(0)};
}

/// Of multi-label images; their ranks are counted when all have come. Waits for nothing.
DeviceCounts losses_on_device(const at::Tensor& logits, const at::Tensor& rows,
                              const at::Tensor& labels) {
  const at::Tensor used = labels.ne(data::kSkippedLabel);
  const at::Tensor losses =
      at::binary_cross_entropy_with_logits(logits.to(at::kFloat), rows, /*weight=*/{},
                                           /*pos_weight=*/{}, at::Reduction::None)
          .to(at::kDouble)
          .mean(1)
          .masked_fill(used.logical_not(), 0);
  const at::Tensor none = at::zeros({}, labels.options());
  const auto [units, far] = sums_of(losses);
  return {at::stack({used.sum(), none, none, units}), far};
}

/// Waits for nothing.
DeviceCounts counts_on_device(const at::Tensor& all_logits, const at::Tensor& all_labels) {
  const at::Tensor logits = all_logits.to(at::kFloat);
  const at::Tensor used = all_labels.ne(data::kSkippedLabel);
  const at::Tensor ranked = logits.isnan().any(1).logical_not().logical_and(used);
  const at::Tensor labels = all_labels.clamp_min(0).unsqueeze(1);
  const at::Tensor own = logits.gather(1, labels);
  const at::Tensor classes = at::arange(logits.size(1), labels.options()).unsqueeze(0);
  const at::Tensor tied_before = logits.eq(own).logical_and(classes.lt(labels));
  const at::Tensor place = logits.gt(own).logical_or(tied_before).sum(1);
  const at::Tensor losses = at::cross_entropy_loss(logits, all_labels, /*weight=*/{},
                                                   at::Reduction::None, data::kSkippedLabel)
                                .to(at::kDouble);
  const auto [units, far] = sums_of(losses);
  return {at::stack({used.sum(), place.lt(1).logical_and(ranked).sum(),
                     place.lt(5).logical_and(ranked).sum(), units}),
          far};
}

/// Waits once for the device.
EvalCounts on_host(const DeviceCounts& counts) {
  const at::Tensor host = at::cat({counts.integers, counts.far_losses.view(at::kLong)}).cpu();
  const auto* const values = host.const_data_ptr<std::int64_t>();
  return {values[0], values[1], values[2], values[3], std::bit_cast<double>(values[4])};
}

/// Sums over the ranks; all call it.
EvalCounts summed(const EvalCounts& mine, dist::World& world) {
  std::array integers{mine.images, mine.top1, mine.top5, mine.loss_units};
  std::array far_losses{mine.far_losses};
  world.sum(integers);
  world.sum(far_losses);
  return {integers[0], integers[1], integers[2], integers[3], far_losses[0]};
}

}  // namespace

EvalCounts count(const at::Tensor& logits, const at::Tensor& labels) {
  const at::NoGradGuard no_grad;
  return on_host(counts_on_device(logits, labels));
}

at::Tensor eval_logits(const models::Model& model, const at::Tensor& images, int views, bool flip) {
  at::Tensor logits = model.forward(images);
  if (flip) logits = logits.add(model.forward(images.flip(3))).div(2);
  return views == 1 ? logits : logits.reshape({-1, views, logits.size(1)}).mean(1);
}

EvalCounts evaluate(const models::Model& model, data::Loader& loader, const InputStage& input,
                    dist::World& world, bool flip, const std::function<bool(std::size_t)>& go_on,
                    EvalDetails* details) {
  const at::NoGradGuard no_grad;
  const EvalMode eval_mode(model);
  const FullFloat full_float;
  DeviceCounts counts = DeviceCounts::none(world.device());
  const data::Source& source = loader.source();
  std::optional<LateScores> scores;
  if (data::is_multi_label(source)) scores.emplace(source, world.device());
  LateDetails late(scores ? nullptr : details, world.device());
  loader.start(0);
  // Ranks take batches in turn; in the last turn some have none, but all agree on going on.
  const std::size_t batches = loader.batches_per_epoch();
  const auto world_size = static_cast<std::size_t>(world.size());
  for (std::size_t done = 0; done < batches; done += world_size) {
    const auto [batch, stopped_by] =
        wait_for_data(loader, world, [&] { return go_on(done) ? 0 : 1; });
    if (stopped_by != 0) return {.images = -1};
    if (!batch) continue;
    const DeviceBatch on_device = input(*batch);
    const at::Tensor logits = eval_logits(model, on_device.images, on_device.views, flip);
    if (scores) {
      const at::Tensor rows = label_rows(*batch, source, logits.device());
      counts.add(losses_on_device(logits, rows, on_device.labels));
      scores->add(logits, *batch);
      continue;
    }
    counts.add(counts_on_device(logits, on_device.labels));
    late.add(logits, on_device.labels, batch->samples);
  }
  late.finish();
  go_on(batches);
  EvalCounts totals = summed(on_host(counts), world);
  if (scores) {
    totals.multi_label = scores->figures(world);
  } else if (details != nullptr) {
    details->sum(world);
  }
  return totals;
}

}  // namespace imgcls::train
