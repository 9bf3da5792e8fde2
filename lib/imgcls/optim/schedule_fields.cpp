#include <imgcls/optim/schedules.h>

namespace imgcls::optim {

const OptionFields<CosineOptions>& cosine_fields() {
  using O = CosineOptions;
  static const OptionFields<O> fields = [] {
    OptionFields<O> f;
    f.add("cycles", &O::cycles, "Times it comes down; each but the first begins with a restart.",
          Limits::between(1, 1000));
    f.add("longer", &O::longer, "By what each cycle is longer than the one before.",
          {.above = 0, .maximum = 100});
    f.add("decay", &O::decay, "What the highest rate is multiplied by at each restart.",
          {.above = 0, .maximum = 1});
    f.add("k", &O::k, "Power of the share of the cycle that has passed (k-decay).",
          {.above = 0, .maximum = 100});
    return f;
  }();
  return fields;
}

const OptionFields<StepOptions>& step_fields() {
  using O = StepOptions;
  static const OptionFields<O> fields = [] {
    OptionFields<O> f;
    f.add("epochs", &O::epochs, "Epochs from one reduction to the next, warm-up included.",
          Limits::greater_than(0));
    f.add("factor", &O::factor, "What the rate is multiplied by.", {.above = 0, .maximum = 1});
    return f;
  }();
  return fields;
}

const OptionFields<MultiStepOptions>& multi_step_fields() {
  using O = MultiStepOptions;
  static const OptionFields<O> fields = [] {
    OptionFields<O> f;
    f.add("epochs", &O::epochs, "Epochs of the run after which the rate is reduced.",
          Limits::greater_than(0));
    f.add("factor", &O::factor, "What the rate is multiplied by.", {.above = 0, .maximum = 1});
    return f;
  }();
  return fields;
}

const OptionFields<PolynomialOptions>& polynomial_fields() {
  using O = PolynomialOptions;
  static const OptionFields<O> fields = [] {
    OptionFields<O> f;
    f.add("power", &O::power, "Power of the share of steps that are left.",
          {.above = 0, .maximum = 100});
    return f;
  }();
  return fields;
}

const OptionFields<ExponentialOptions>& exponential_fields() {
  using O = ExponentialOptions;
  static const OptionFields<O> fields = [] {
    OptionFields<O> f;
    f.add("epochs", &O::epochs, "Epochs behind the warm-up over which the rate changes by factor.",
          Limits::greater_than(0));
    f.add("factor", &O::factor, "What the rate is multiplied by.", {.above = 0, .maximum = 1});
    return f;
  }();
  return fields;
}

const OptionFields<OneCycleOptions>& one_cycle_fields() {
  using O = OneCycleOptions;
  static const OptionFields<O> fields = [] {
    OptionFields<O> f;
    f.add("rise", &O::rise, "Share of the run over which the rate rises.",
          {.above = 0, .below = 1});
    f.add("from", &O::from, "Factor of the highest rate at the first step.",
          {.above = 0, .maximum = 1});
    f.add("to", &O::to, "Factor of the first step's rate at the last step.",
          {.minimum = 0, .maximum = 1});
    f.add("cycle_momentum", &O::cycle_momentum,
          "Momentum, or Adam's first beta, falls while the rate rises, and rises while it falls: "
          "for adam, adamw, sgd, sgdw.");
    f.add_range("momentum", &O::low_momentum, &O::high_momentum,
                "Momentum where the rate is highest, and at both ends.",
                {.minimum = 0, .below = 1});
    return f;
  }();
  return fields;
}

const OptionFields<TrapezoidOptions>& trapezoid_fields() {
  using O = TrapezoidOptions;
  static const OptionFields<O> fields = [] {
    OptionFields<O> f;
    f.add("cooldown", &O::cooldown, "Last share of the run, over which the rate comes down.",
          {.above = 0, .maximum = 1});
    return f;
  }();
  return fields;
}

const OptionFields<PlateauOptions>& plateau_fields() {
  using O = PlateauOptions;
  static constexpr Names<ThresholdMode, 2> kModes{
      {{ThresholdMode::relative, "rel"}, {ThresholdMode::absolute, "abs"}}};
  static const OptionFields<O> fields = [] {
    OptionFields<O> f;
    f.add("factor", &O::factor, "What the rate is multiplied by.", {.above = 0, .below = 1});
    f.add("patience", &O::patience,
          "Validations in a row that may be no better by eval.metric; the next one reduces the "
          "rate.",
          Limits::between(0, 1e9));
    f.add("threshold", &O::threshold, "What a validation must be better by to count as better.",
          Limits::at_least(0));
    f.add("threshold_mode", &O::threshold_mode, kModes,
          "rel: threshold is a share of the best figure, below 1; abs: it is a difference, of "
          "accuracies in per cent.");
    f.add("cooldown", &O::cooldown, "Validations after a reduction that do not count as no better.",
          Limits::between(0, 1e9));
    return f;
  }();
  return fields;
}

}  // namespace imgcls::optim
