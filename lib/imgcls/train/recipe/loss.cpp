#include <imgcls/core/error.h>
#include <imgcls/train/recipe/loss.h>
#include <imgcls/train/recipe/losses.h>

#include <ATen/core/Reduction.h>
#include <ATen/ops/binary_cross_entropy_with_logits.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/kl_div.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/tensor.h>

namespace imgcls::train {
namespace {

/// Rows of K values by the classes' factors, where there are any.
at::Tensor weighted(const at::Tensor& rows, const at::Tensor& class_weights) {
  return class_weights.defined() ? rows.mul(class_weights) : rows;
}

at::Tensor cross_entropy_of(const at::Tensor& logits, const Targets& targets, double smoothing,
                            const at::Tensor& class_weights) {
  const at::Tensor wanted = targets.is_mixed() ? targets.rows(logits.size(1)) : targets.labels;
  const auto loss = [&](at::Reduction::Reduction reduction) {
    return at::cross_entropy_loss(logits, wanted, class_weights, reduction,
                                  /*ignore_index=*/-100, smoothing);
  };
  // PyTorch's own mean would divide by the sum of the batch's factors.
  return class_weights.defined() ? loss(at::Reduction::None).mean() : loss(at::Reduction::Mean);
}

Loss cross_entropy(const LossOptions& /*options*/, const at::Tensor& class_weights) {
  return [class_weights](const at::Tensor& logits, const Targets& targets, double smoothing) {
    return cross_entropy_of(logits, targets, smoothing, class_weights);
  };
}

at::Tensor mean_over_images(const at::Tensor& values) {
  return values.sum().div(static_cast<double>(values.size(0)));
}

Loss bce(const LossOptions& options, const at::Tensor& class_weights) {
  const auto own = OwnFields::own_options<BceOptions>(options.own);
  return [own, class_weights](const at::Tensor& logits, const Targets& targets, double smoothing) {
    at::Tensor wanted = targets.rows(logits.size(1), smoothing);
    if (own.threshold >= 0) wanted = wanted.gt(own.threshold).to(logits.scalar_type());
    if (!own.sum) return at::binary_cross_entropy_with_logits(logits, wanted, class_weights);
    return at::binary_cross_entropy_with_logits(logits, wanted, class_weights, {},
                                                at::Reduction::None)
        .sum(-1)
        .mean();
  };
}

Loss focal(const LossOptions& options, const at::Tensor& class_weights) {
  const double gamma = OwnFields::own_options<FocalOptions>(options.own).gamma;
  return
      [gamma, class_weights](const at::Tensor& logits, const Targets& targets, double smoothing) {
        const at::Tensor log_p = at::log_softmax(logits, -1);
        const at::Tensor wanted = weighted(targets.rows(logits.size(1), smoothing), class_weights);
        const at::Tensor falls_short = log_p.exp().neg().add(1).pow(gamma);
        return mean_over_images(wanted.mul(falls_short).mul(log_p)).neg();
      };
}

/// A class's values, K a row, as what is minimized: summed over the classes or their mean, and the
/// mean over the images.
at::Tensor over_classes(const at::Tensor& values, bool sum) {
  return sum ? mean_over_images(values) : values.mean();
}

Loss sigmoid_focal(const LossOptions& options, const at::Tensor& class_weights) {
  const auto own = OwnFields::own_options<SigmoidFocalOptions>(options.own);
  return [own, class_weights](const at::Tensor& logits, const Targets& targets, double smoothing) {
    const at::Tensor wanted = targets.rows(logits.size(1), smoothing);
    const at::Tensor others = wanted.neg().add(1);
    const at::Tensor p = logits.sigmoid();
    const at::Tensor right = p.mul(wanted).add(p.neg().add(1).mul(others));
    at::Tensor losses =
        at::binary_cross_entropy_with_logits(logits, wanted, {}, {}, at::Reduction::None)
            .mul(right.neg().add(1).pow(own.gamma));
    if (own.alpha >= 0) losses = losses.mul(wanted.mul(own.alpha).add(others.mul(1 - own.alpha)));
    return over_classes(weighted(losses, class_weights), own.sum);
  };
}

Loss asymmetric_multi_label(const LossOptions& options, const at::Tensor& class_weights) {
  const auto own = OwnFields::own_options<AsymmetricMultiLabelOptions>(options.own);
  return [own, class_weights](const at::Tensor& logits, const Targets& targets, double smoothing) {
    constexpr double kLeast = 1e-8;  // timm's
    const at::Tensor wanted = targets.rows(logits.size(1), smoothing);
    const at::Tensor others = wanted.neg().add(1);
    const at::Tensor p = logits.sigmoid();
    const at::Tensor not_p = p.neg().add(1).add(own.clip).clamp_max(1);
    const at::Tensor logs =
        wanted.mul(p.clamp_min(kLeast).log()).add(others.mul(not_p.clamp_min(kLeast).log()));
    const at::Tensor falls_short = p.mul(wanted).add(not_p.mul(others)).neg().add(1);
    const at::Tensor power = wanted.mul(own.gamma_positive).add(others.mul(own.gamma_negative));
    return mean_over_images(weighted(logs.mul(falls_short.pow(power)), class_weights)).neg();
  };
}

Loss asymmetric(const LossOptions& options, const at::Tensor& class_weights) {
  const auto own = OwnFields::own_options<AsymmetricOptions>(options.own);
  return [own, class_weights](const at::Tensor& logits, const Targets& targets, double smoothing) {
    const at::Tensor log_p = at::log_softmax(logits, -1);
    const at::Tensor hard = targets.rows(logits.size(1));
    const at::Tensor others = hard.neg().add(1);
    const at::Tensor p = log_p.exp();
    const at::Tensor base = p.mul(hard).add(p.neg().add(1).mul(others)).neg().add(1);
    const at::Tensor weight =
        base.pow(hard.mul(own.gamma_positive).add(others.mul(own.gamma_negative)));
    // Smoothed as timm does it: without what the class itself would get of the spread.
    at::Tensor wanted = hard;
    if (smoothing > 0) {
      wanted = hard.mul(1 - smoothing).add(smoothing / static_cast<double>(logits.size(1)));
    }
    return mean_over_images(weighted(wanted, class_weights).mul(log_p.mul(weight))).neg();
  };
}

Loss jsd(const LossOptions& options, const at::Tensor& class_weights) {
  const double alpha = OwnFields::own_options<JsdOptions>(options.own).alpha;
  return [alpha, class_weights](const at::Tensor& all, const Targets& targets, double smoothing) {
    constexpr double kLeast = 1e-7;  // timm's: below it a divergence would have no bounds
    const at::Tensor logits = all.reshape({-1, targets.views, all.size(1)});
    const Targets of_first{.labels = targets.labels.reshape({-1, targets.views}).select(1, 0)};
    const at::Tensor p = logits.softmax(2);
    const at::Tensor log_mean = p.mean(1, /*keepdim=*/true).clamp(kLeast, 1).log();
    const at::Tensor divergence = at::kl_div(log_mean.expand_as(p), p, at::Reduction::Sum)
                                      .div(static_cast<double>(all.size(0)));
    return cross_entropy_of(logits.select(1, 0), of_first, smoothing, class_weights)
        .add(divergence, alpha);
  };
}

Loss poly(const LossOptions& options, const at::Tensor& class_weights) {
  const double epsilon = OwnFields::own_options<PolyOptions>(options.own).epsilon;
  return
      [epsilon, class_weights](const at::Tensor& logits, const Targets& targets, double smoothing) {
        const at::Tensor wanted = weighted(targets.rows(logits.size(1), smoothing), class_weights);
        const at::Tensor falls_short = logits.softmax(-1).neg().add(1).mul(wanted);
        return cross_entropy_of(logits, targets, smoothing, class_weights)
            .add(mean_over_images(falls_short), epsilon);
      };
}

}  // namespace

const OptionFields<BceOptions>& bce_fields() {
  using O = BceOptions;
  static const OptionFields<O> fields = [] {
    OptionFields<O> f;
    f.add("sum", &O::sum, "Sum over classes, mean over images; else the mean over both.");
    f.add(
        "threshold", &O::threshold,
        "Targets above this count as 1, others as 0 (with mixed images both classes do); -1: they "
        "stay as they are.",
        {.minimum = -1, .below = 1});
    return f;
  }();
  return fields;
}

const OptionFields<SigmoidFocalOptions>& sigmoid_focal_fields() {
  using O = SigmoidFocalOptions;
  static const OptionFields<O> fields = [] {
    OptionFields<O> f;
    f.add("alpha", &O::alpha,
          "Factor of the classes that an image has; those it has not get 1 - alpha. -1: none.",
          Limits::between(-1, 1));
    f.add("gamma", &O::gamma, "Power of what a class's probability lacks of what is right.",
          Limits::between(0, 100));
    f.add("sum", &O::sum, "Sum over classes, mean over images; else the mean over both.");
    return f;
  }();
  return fields;
}

const OptionFields<AsymmetricMultiLabelOptions>& asymmetric_multi_label_fields() {
  using O = AsymmetricMultiLabelOptions;
  static const OptionFields<O> fields = [] {
    OptionFields<O> f;
    f.add("gamma_positive", &O::gamma_positive, "Power for the classes that an image has.",
          Limits::between(0, 100));
    f.add("gamma_negative", &O::gamma_negative, "Power for the classes that it has not.",
          Limits::between(0, 100));
    f.add("clip", &O::clip,
          "By how much the probability of a class that an image has not counts as smaller.",
          {.minimum = 0, .below = 1});
    return f;
  }();
  return fields;
}

const OptionFields<FocalOptions>& focal_fields() {
  using O = FocalOptions;
  static const OptionFields<O> fields = [] {
    OptionFields<O> f;
    f.add("gamma", &O::gamma, "Power of what the class's probability lacks of 1.",
          Limits::between(0, 100));
    return f;
  }();
  return fields;
}

const OptionFields<AsymmetricOptions>& asymmetric_fields() {
  using O = AsymmetricOptions;
  static const OptionFields<O> fields = [] {
    OptionFields<O> f;
    f.add("gamma_positive", &O::gamma_positive, "Power for the image's class.",
          Limits::between(0, 100));
    f.add("gamma_negative", &O::gamma_negative, "Power for the other classes.",
          Limits::between(0, 100));
    return f;
  }();
  return fields;
}

const OptionFields<JsdOptions>& jsd_fields() {
  using O = JsdOptions;
  static const OptionFields<O> fields = [] {
    OptionFields<O> f;
    f.add("alpha", &O::alpha, "Factor of the divergence of an image's views.", Limits::at_least(0));
    return f;
  }();
  return fields;
}

const OptionFields<PolyOptions>& poly_fields() {
  using O = PolyOptions;
  static const OptionFields<O> fields = [] {
    OptionFields<O> f;
    f.add("epsilon", &O::epsilon, "Factor of what the class's probability lacks of 1.",
          Limits::between(-1, 100));
    return f;
  }();
  return fields;
}

Registry<LossEntry>& losses() {
  static Registry<LossEntry> known(
      "loss", "name",
      {
          {"asymmetric", "Asymmetric loss (arXiv:2009.14119)", asymmetric_fields(), asymmetric},
          {"asymmetric_multi_label", "Asymmetric loss of each class (arXiv:2009.14119)",
           asymmetric_multi_label_fields(), asymmetric_multi_label, /*multi_label=*/true},
          {"bce", "Binary cross-entropy of each class (arXiv:2110.00476)", bce_fields(), bce,
           /*multi_label=*/true},
          {"cross_entropy", "Cross-entropy of the softmax", {}, cross_entropy},
          {"focal", "Focal loss (arXiv:1708.02002)", focal_fields(), focal},
          {"jsd", "Cross-entropy and the divergence of augment.views (arXiv:1912.02781)",
           jsd_fields(), jsd},
          {"poly", "Poly-1 loss (arXiv:2204.12511)", poly_fields(), poly},
          {"sigmoid_focal", "Focal loss of each class (arXiv:1708.02002)", sigmoid_focal_fields(),
           sigmoid_focal, /*multi_label=*/true},
      });
  return known;
}

Loss make_loss(const LossOptions& options, const at::Device& device) {
  if (options.balanced) {
    throw ConfigError(
        "loss.balanced takes training images to count (train/recipe/class_weights.h)");
  }
  const auto& weights = options.class_weights;
  return losses()
      .at(options.name)
      .make(options, weights.empty() ? at::Tensor() : at::tensor(weights, at::kFloat).to(device));
}

const OptionFields<LossOptions>& loss_fields() {
  using O = LossOptions;
  static const OptionFields<O> fields = [] {
    OptionFields<O> f;
    f.add_choice("name", &O::name, losses().names(), "What is minimized.");
    f.add(
        "class_weights", &O::class_weights,
        "Factor of each class's part of the loss, in the order of the classes' names; the loss is "
        "the mean over images, whatever their factors. None: all are 1.",
        Limits::at_least(0));
    f.add("balanced", &O::balanced,
          "Multiply each class's part of the loss also by training images / (classes x training "
          "images of the class).");
    return f;
  }();
  return fields;
}

}  // namespace imgcls::train
