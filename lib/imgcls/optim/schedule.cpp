#include <imgcls/optim/plateau.h>
#include <imgcls/optim/schedule.h>
#include <imgcls/optim/schedules.h>

#include <algorithm>
#include <cmath>
#include <numbers>

namespace imgcls::optim {
namespace {

template <class Own>
Own own(const ScheduleOptions& o) {
  return OwnFields::own_options<Own>(o.own);
}

double epochs(const ScheduleOptions& o, std::int64_t steps) {
  return static_cast<double>(steps) /
         static_cast<double>(std::max<std::int64_t>(1, o.steps_per_epoch));
}

/// Share of the steps behind the warm-up that are done.
double share_done(const ScheduleOptions& o, std::int64_t step) {
  const auto steps = static_cast<double>(std::max<std::int64_t>(1, o.total_steps - o.warmup_steps));
  return std::min(1.0, static_cast<double>(step - o.warmup_steps) / steps);
}

/// From `high` at 0 to `low` at 1.
double half_cosine(double high, double low, double done) {
  return low + (high - low) * (1 + std::cos(std::numbers::pi * done)) / 2;
}

double cosine(const ScheduleOptions& o, std::int64_t step) {
  const auto options = own<CosineOptions>(o);
  double done = share_done(o, step), high = o.lr;
  if (options.cycles > 1 && done < 1) {
    double all = 0, length = 1;
    for (int i = 0; i < options.cycles; ++i, length *= options.longer) all += length;
    length = 1 / all;
    while (done >= length) {
      done -= length;
      length *= options.longer;
      high *= options.decay;
    }
    done /= length;
  } else if (options.cycles > 1) {
    high *= std::pow(options.decay, options.cycles - 1);
  }
  return half_cosine(high, o.final_lr, options.k == 1 ? done : std::pow(done, options.k));
}

double step_rate(const ScheduleOptions& o, std::int64_t step) {
  const auto options = own<StepOptions>(o);
  return o.lr * std::pow(options.factor, std::floor(epochs(o, step) / options.epochs));
}

double multi_step(const ScheduleOptions& o, std::int64_t step) {
  const auto options = own<MultiStepOptions>(o);
  const double now = epochs(o, step);
  return o.lr * std::pow(options.factor, std::ranges::count_if(options.epochs, [&](double epoch) {
                           return epoch <= now;
                         }));
}

double linear(const ScheduleOptions& o, std::int64_t step) {
  return o.lr + (o.final_lr - o.lr) * share_done(o, step);
}

double polynomial(const ScheduleOptions& o, std::int64_t step) {
  const double left = 1 - share_done(o, step);
  return o.final_lr + (o.lr - o.final_lr) * std::pow(left, own<PolynomialOptions>(o).power);
}

double exponential(const ScheduleOptions& o, std::int64_t step) {
  const auto options = own<ExponentialOptions>(o);
  return o.lr * std::pow(options.factor, epochs(o, step - o.warmup_steps) / options.epochs);
}

/// From `start` over `middle` to `end`, with OneCycleLR's times: the middle is at step
/// rise * steps - 1, the end at steps - 1.
double there_and_back(const ScheduleOptions& o, std::int64_t step, double start, double middle,
                      double end) {
  const auto steps = static_cast<double>(o.total_steps), now = static_cast<double>(step);
  const double top = own<OneCycleOptions>(o).rise * steps - 1, last = steps - 1;
  if (now <= top) return half_cosine(start, middle, top > 0 ? now / top : 1);
  return half_cosine(middle, end, std::min(1.0, (now - top) / (last - top)));
}

double one_cycle(const ScheduleOptions& o, std::int64_t step) {
  const auto options = own<OneCycleOptions>(o);
  const double start = o.lr * options.from;
  return there_and_back(o, step, start, o.lr, start * options.to);
}

std::optional<double> one_cycle_momentum(const ScheduleOptions& o, std::int64_t step) {
  const auto options = own<OneCycleOptions>(o);
  if (!options.cycle_momentum) return std::nullopt;
  return there_and_back(o, step, options.high_momentum, options.low_momentum,
                        options.high_momentum);
}

double trapezoid(const ScheduleOptions& o, std::int64_t step) {
  const auto steps = static_cast<double>(o.total_steps);
  const double cooldown = own<TrapezoidOptions>(o).cooldown * steps;
  const double left = std::clamp((steps - static_cast<double>(step)) / cooldown, 0.0, 1.0);
  return o.final_lr + (o.lr - o.final_lr) * left;
}

std::vector<ScheduleEntry> known_schedules() {
  return {
      {"constant",
       "The same all the time",
       {},
       [](const ScheduleOptions& o, std::int64_t) { return o.lr; }},
      {"cosine", "Half a cosine, or several (arXiv:1608.03983)", cosine_fields(), cosine},
      {"exponential", "A power of the epochs", exponential_fields(), exponential},
      {"linear", "A straight line", {}, linear},
      {"multi_step", "Reductions at given epochs", multi_step_fields(), multi_step},
      {"one_cycle", "Up and down by half a cosine (arXiv:1708.07120)", one_cycle_fields(),
       one_cycle, one_cycle_momentum},
      {"plateau", "Reductions when evaluations are no longer better", plateau_fields(),
       plateau_rate},
      {"polynomial", "A power of the steps left", polynomial_fields(), polynomial},
      {"step", "Reductions after equal times", step_fields(), step_rate},
      {"trapezoid", "The same, and a straight line down at the end", trapezoid_fields(), trapezoid},
  };
}

}  // namespace

Registry<ScheduleEntry>& schedules() {
  static Registry<ScheduleEntry> known("schedule", "name", known_schedules());
  return known;
}

double learning_rate(const ScheduleOptions& options, std::int64_t step) {
  if (step < options.warmup_steps) {
    const double done = static_cast<double>(step) / static_cast<double>(options.warmup_steps);
    return options.lr * (options.warmup_from + (1 - options.warmup_from) * done);
  }
  return schedules().at(options.name).rate(options, step);
}

std::optional<double> momentum(const ScheduleOptions& options, std::int64_t step) {
  const ScheduleEntry& schedule = schedules().at(options.name);
  return schedule.momentum ? schedule.momentum(options, step) : std::nullopt;
}

double weight_decay_factor(const ScheduleOptions& options, std::int64_t step) {
  if (!options.final_weight_decay) return 1;
  const auto steps = static_cast<double>(std::max<std::int64_t>(1, options.total_steps));
  const double done = std::min(1.0, static_cast<double>(step) / steps);
  return half_cosine(options.weight_decay, *options.final_weight_decay, done) /
         options.weight_decay;
}

}  // namespace imgcls::optim
