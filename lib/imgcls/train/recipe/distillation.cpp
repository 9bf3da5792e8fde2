#include <imgcls/core/error.h>
#include <imgcls/core/error_text.h>
#include <imgcls/core/xxh3.h>
#include <imgcls/dist/step_ranges.h>
#include <imgcls/models/registry.h>
#include <imgcls/models/weights.h>
#include <imgcls/train/options.h>
#include <imgcls/train/precision.h>
#include <imgcls/train/recipe/distillation.h>

#include <ATen/core/Reduction.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/kl_div.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/zeros.h>
#include <fmt/format.h>

#include <set>
#include <span>
#include <utility>
#include <vector>

namespace imgcls::train {
namespace {

constexpr Names<DistillationKind, 2> kDistillationKinds{
    {{DistillationKind::soft, "soft"}, {DistillationKind::hard, "hard"}}};

class Distiller final : public Ingredient {
 public:
  Distiller(models::Model teacher, std::string device, Precision precision, std::int64_t parts)
      : teacher_(std::move(teacher)),
        device_(std::move(device)),
        precision_(precision),
        parts_(parts) {}

  std::string name() const override { return "distillation"; }

  void before_forward(const StepInfo& /*info*/, TrainBatch& batch) override {
    const StepRange range(ranges::kForward);
    const at::NoGradGuard no_grad;
    const Autocast autocast(device_, precision_);
    const std::int64_t size = batch.images.size(0) / parts_;
    std::vector<at::Tensor> logits;
    for (std::int64_t i = 0; i < parts_; ++i) {
      logits.push_back(teacher_.forward(batch.images.narrow(0, i * size, size)).to(at::kFloat));
    }
    batch.targets.teacher = at::cat(logits);
  }

 private:
  models::Model teacher_;
  std::string device_;
  Precision precision_;
  std::int64_t parts_;  // micro-batches, so that the teacher needs no more memory than the model
};

/// Throws ConfigError where the teacher cannot tell those classes from images of that side.
void require_fitting_logits(const models::Model& teacher, std::size_t classes, int side,
                            const std::string& device) {
  at::Tensor logits;
  try {
    logits = teacher.forward(at::zeros({1, models::channels_of(teacher), side, side},
                                       at::TensorOptions().device(at::Device(device))));
  } catch (const std::exception& e) {
    throw ConfigError(
        fmt::format("the teacher of distillation.*, {}, takes no images of {} x {}: {}",
                    teacher.name(), side, side, error_text(e)));
  }
  if (logits.dim() == 2 && logits.size(1) == static_cast<std::int64_t>(classes)) return;
  throw ConfigError(
      fmt::format("the teacher of distillation.*, {}, must tell the {} classes of the training "
                  "data apart, not {}",
                  teacher.name(), classes, logits.size(-1)));
}

}  // namespace

at::Tensor distillation_loss(const at::Tensor& logits, const at::Tensor& teacher,
                             const DistillationOptions& options) {
  if (options.kind == DistillationKind::hard) {
    return at::cross_entropy_loss(logits, teacher.argmax(1));
  }
  const double t = options.temperature;
  return at::kl_div(at::log_softmax(logits.div(t), 1), at::log_softmax(teacher.div(t), 1),
                    at::Reduction::Sum, /*log_target=*/true)
      .mul(t * t)
      .div(static_cast<double>(logits.numel()));
}

std::string teacher_fingerprint(const DistillationOptions& options) {
  if (!options.teacher) return {};
  Xxh3 hash;
  for (const auto& [name, tensor] : models::state(*options.teacher)) {
    const at::Tensor values = tensor.detach().cpu().contiguous();
    hash.update(name).update(std::span(static_cast<const std::byte*>(values.const_data_ptr()),
                                       static_cast<std::size_t>(values.nbytes())));
  }
  return hex(hash.digest());
}

void prepare_teacher(const RunOptions& options, std::size_t classes, const std::string& device) {
  const DistillationOptions& given = options.distillation;
  if (!given.teacher) {
    if (given.model.empty() && given.run.empty()) return;
    throw ConfigError(
        "distillation.* names a teacher that nobody has made: see make_teacher (train/teacher.h)");
  }
  models::Model teacher = *given.teacher;
  teacher.to(device);
  if (options.channels_last) teacher.to_channels_last();
  teacher.freeze("");
  teacher.train(false);
  const at::NoGradGuard no_grad;
  std::set<int> sides{options.augment.size};
  if (options.progressive.size > 0) sides.insert(options.progressive.size);
  for (const int side : sides) require_fitting_logits(teacher, classes, side, device);
}

std::unique_ptr<Ingredient> make_distiller(const RunOptions& options, const std::string& device) {
  if (!options.distillation.teacher) return nullptr;
  return std::make_unique<Distiller>(*options.distillation.teacher, device,
                                     resolve(options.precision, device), options.accumulate);
}

const OptionFields<DistillationOptions>& distillation_fields() {
  using O = DistillationOptions;
  static const OptionFields<O> fields = [] {
    OptionFields<O> f;
    f.add("model", &O::model,
          "Model of the zoo whose logits are learnt from, for images of augment.size; with "
          "distillation.weights.");
    f.add("weights", &O::weights,
          "Its weights (safetensors or .pth), for the same classes in the same order.");
    f.add("run", &O::run,
          "Folder of a run, the newest weights of which are the teacher, instead of a model and "
          "weights: of the same classes, data.mean and data.std. Empty, and no model: there is no "
          "teacher.");
    f.add("kind", &O::kind, kDistillationKinds,
          "Learn the teacher's probabilities, or the class it finds likeliest.");
    f.add("temperature", &O::temperature,
          "soft: by which the logits of both are divided before their probabilities are compared.",
          Limits::greater_than(0));
    f.add("weight", &O::weight, "Share of the teacher in the loss; the rest is the labels'.",
          Limits::between(0, 1));
    return f;
  }();
  return fields;
}

}  // namespace imgcls::train
