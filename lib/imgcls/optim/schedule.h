#pragma once
// Learning rates as a function of the step: no state, so nothing to save, but for the one that goes
// by evaluations (plateau.h). A linear warm-up may stand before any of them. So are momentum and
// weight decay where a recipe changes them.

#include <imgcls/core/registry.h>

#include <any>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace imgcls::optim {

/// All that the rates of a run depend on besides the step.
struct ScheduleOptions {
  /// One of schedules(): "cosine", "constant", "step", ...
  std::string name = "cosine";
  /// The highest learning rate, reached at the end of the warm-up.
  double lr = 0.1;
  /// Learning rate after the last step, where the schedule comes down to one.
  double final_lr = 0;
  /// Weight decay at the first step, and what it comes to at the end by half a cosine over all
  /// steps (DINO, arXiv:2104.14294); unset: it stays.
  double weight_decay = 0;
  std::optional<double> final_weight_decay = {};  ///< at the end; unset: it stays
  /// Linear warm-up: steps, and the factor of `lr` at step 0.
  std::int64_t warmup_steps = 0;
  double warmup_from = 0.01;  ///< the factor at step 0
  /// Steps of the whole run, warm-up included, and of an epoch.
  std::int64_t total_steps = 1;
  std::int64_t steps_per_epoch = 1;  ///< of `total_steps`, those of an epoch
  /// How often evaluations have reduced the rate, where the schedule goes by them (plateau.h).
  std::int64_t reductions = 0;
  /// Options that the named schedule has alone, its own struct (schedules.h); empty: defaults.
  std::any own = {};
};

/// The learning rate of step `step` (the first is 0). Linear warm-up as torch.optim.lr_scheduler's
/// LinearLR, then what the named schedule says. Throws ConfigError for an unknown name.
double learning_rate(const ScheduleOptions& options, std::int64_t step);

/// What momentum, or Adam's first beta, is at step `step`, where the named schedule changes it.
std::optional<double> momentum(const ScheduleOptions& options, std::int64_t step);

/// What weight decays are multiplied by at step `step`.
double weight_decay_factor(const ScheduleOptions& options, std::int64_t step);

/// A course of the learning rate that can be chosen by its name.
struct ScheduleEntry {
  std::string name;     ///< what `schedule.name` calls it
  std::string summary;  ///< a line for help and the schema
  /// Its options that no other has: "schedule.<name>".
  OwnFields own = {};
  /// The learning rate of a step of the run that lies behind the warm-up.
  std::function<double(const ScheduleOptions&, std::int64_t step)> rate = {};
  /// The momentum of a step; null, or nothing: the optimizer's own.
  std::function<std::optional<double>(const ScheduleOptions&, std::int64_t step)> momentum = {};
};

/// All that there are; a program adds its own with `schedules().add({...})`.
Registry<ScheduleEntry>& schedules();

}  // namespace imgcls::optim
