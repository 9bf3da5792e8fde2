// Optimizers and schedules against PyTorch's, timm's and schedulefree's values
// (recipe_reference.py).
#include <imgcls/optim.h>

#include <ATen/ops/randn.h>

#include "recipe_reference.h"

namespace {

using namespace imgcls;
using namespace imgcls::test;
using nlohmann::json;

/// `tensors` in the order of `names`.
std::vector<models::NamedTensor> by_name(const std::vector<models::NamedTensor>& tensors,
                                         const std::vector<models::NamedTensor>& names) {
  std::vector<models::NamedTensor> sorted;
  for (const auto& [name, _] : names) {
    sorted.push_back(*std::ranges::find(tensors, name, &models::NamedTensor::name));
  }
  return sorted;
}

/// The parameters after 1, 10 and 50 steps, and what is evaluated then if that differs. With a
/// scaler gradients come times its scale, and one of the 4th step's is infinite.
std::vector<Values> steps_of(optim::OptimizerOptions options, double full_lr, int warmup,
                             bool scaled) {
  options.groups = {{.pattern = "bias", .weight_decay = 0.0, .lr_scale = {}}};
  const auto all = parameters();
  const auto optimizer = optim::make_optimizer(all, options);
  optim::GradScaler scaler("cpu", {.initial_scale = 1024, .growth_interval = 5});
  std::vector<Values> found;
  for (int step = 1; step <= 50; ++step) {
    for (const auto& [name, parameter] : all) {
      at::Tensor gradient = at::randn(parameter.sizes()).mul_(step % 3 ? 0.1 : 1);
      if (scaled) gradient.mul_(scaler.current_scale());
      parameter.mutable_grad() = gradient;
    }
    const int taken = step - (scaled && step > 4 ? 1 : 0);
    const double lr = taken < warmup ? full_lr * (static_cast<double>(taken) / warmup) : full_lr;
    if (scaled && step == 4) all[2].tensor.grad()[0] = INFINITY;
    if (scaled) {
      scaler.step(*optimizer, lr);
    } else {
      optimizer->step(lr);
    }
    if (step == 1 || step == 10 || step == 50) found.push_back(values(all));
  }
  if (optimizer->averages())
    found.push_back(values(by_name(optimizer->weights_to_evaluate(), all)));
  return found;
}

struct OptimizerCase {
  std::string reference;
  optim::OptimizerOptions options;
  double lr;
  double tolerance;
  int warmup = 0;
};

std::vector<OptimizerCase> optimizer_cases() {
  // Equal bits where the operations are the same. LAMB and LARS of timm take the ratio of norms and
  // the rate into one multiplication with the addition; Adan's change is a difference here, and the
  // sum of gradient and the negative of the last there. Muon is in bfloat16 but for its sum.
  return {
      {"adamw cautious", {.name = "adamw", .weight_decay = 0.1, .cautious = true}, 0.01, 0},
      {"adan", {.name = "adan", .weight_decay = 0.02}, 0.01, 1e-6},
      {"adan cautious", {.name = "adan", .weight_decay = 0.02, .cautious = true}, 0.01, 1e-6},
      {"lamb", {.name = "lamb", .weight_decay = 0.02}, 0.01, 1e-6},
      {"lamb cautious", {.name = "lamb", .weight_decay = 0.02, .cautious = true}, 0.01, 1e-6},
      {"lars", {.name = "lars", .weight_decay = 0.02}, 0.5, 1e-6},
      {"lars nesterov clip",
       {.name = "lars",
        .weight_decay = 0.02,
        .own = optim::LarsOptions{.nesterov = true, .trust_clip = true}},
       0.5,
       1e-6},
      {"lion", {.name = "lion", .weight_decay = 0.1}, 0.003, 0},
      {"lion cautious", {.name = "lion", .weight_decay = 0.1, .cautious = true}, 0.003, 0},
      {"nadamw", {.name = "nadamw", .weight_decay = 0.1}, 0.01, 0},
      {"radam", {.name = "radam", .weight_decay = 0.1}, 0.01, 1e-6},
      {"radam decoupled",
       {.name = "radam", .weight_decay = 0.1, .own = optim::RAdamOptions{.decoupled = true}},
       0.01,
       1e-6},
      {"rmsprop_tf", {.name = "rmsprop_tf", .weight_decay = 0.01}, 0.01, 0},
      {"rmsprop_tf cautious",
       {.name = "rmsprop_tf", .weight_decay = 0.01, .cautious = true},
       0.01,
       0},
      {"sgdw", {.name = "sgdw", .weight_decay = 0.1}, 0.1, 0},
      {"sgdw nesterov cautious",
       {.name = "sgdw", .nesterov = true, .weight_decay = 0.1, .cautious = true},
       0.1,
       0},
      {"schedule_free_adamw",
       {.name = "schedule_free_adamw",
        .weight_decay = 0.1,
        .own = optim::ScheduleFreeAdamWOptions{.beta2 = 0.99, .averaging = {.r = 0.5}}},
       0.01,
       0,
       /*warmup=*/10},
      {"schedule_free_sgd",
       {.name = "schedule_free_sgd",
        .weight_decay = 0.1,
        .own = optim::ScheduleFreeSgdOptions{.momentum = 0.8}},
       0.3,
       0},
      {"soap", {.name = "soap", .weight_decay = 0.1}, 0.01, 0},
      {"soap often short",
       {.name = "soap",
        .weight_decay = 0.1,
        .own = optim::SoapOptions{.betas = {0.9, 0.99}, .frequency = 3, .max_side = 6}},
       0.01,
       0},
      {"muon", {.name = "muon", .weight_decay = 0.1}, 0.02, 1e-6},
      {"nadamuon",
       {.name = "nadamuon",
        .weight_decay = 0.1,
        .own = optim::NAdaMuonOptions{.beta2 = 0.999, .eps = 1e-8}},
       0.02,
       1e-6},
  };
}

}  // namespace

TEST_CASE("50 steps of each optimizer are those of its reference") {
  for (const OptimizerCase& each : optimizer_cases()) {
    for (const bool scaled : {false, true}) {
      const std::string name = each.reference + (scaled ? " scaled" : "");
      const auto expected = recipe_reference().at("optimizers").at(name).get<std::vector<Values>>();
      const std::vector<Values> found = steps_of(each.options, each.lr, each.warmup, scaled);
      REQUIRE(found.size() == expected.size());
      for (std::size_t i = 0; i < expected.size(); ++i) {
        INFO(name << ", "
                  << (i == 0   ? 1
                      : i == 1 ? 10
                               : 50)
                  << " steps: off by " << farthest(found[i], expected[i]));
        CHECK(farthest(found[i], expected[i]) <= each.tolerance);
      }
    }
  }
}

TEST_CASE("schedules give their references' rates") {
  const auto check = [](const std::string& name, optim::ScheduleOptions options, double tolerance) {
    options.lr = 0.4;
    options.steps_per_epoch = 20;
    const auto expected = recipe_reference().at("schedules").at(name).get<std::vector<double>>();
    for (std::size_t i = 0; i < expected.size(); ++i) {
      INFO(name << ", step " << 9 * i);
      CHECK(optim::learning_rate(options, static_cast<std::int64_t>(9 * i)) ==
            Approx(expected[i]).epsilon(tolerance).margin(1e-12));
    }
  };
  // PyTorch's recurrences gather rounding errors; these are closed forms.
  using namespace optim;
  check("step", {.name = "step", .total_steps = 200, .own = StepOptions{.epochs = 3}}, 1e-9);
  check("multi_step",
        {.name = "multi_step",
         .total_steps = 200,
         .own = MultiStepOptions{.epochs = {2, 7}, .factor = 0.2}},
        1e-9);
  check("linear", {.name = "linear", .final_lr = 0.04, .total_steps = 200}, 1e-9);
  check("polynomial",
        {.name = "polynomial", .total_steps = 200, .own = PolynomialOptions{.power = 3}}, 1e-9);
  check("exponential",
        {.name = "exponential", .total_steps = 200, .own = ExponentialOptions{.factor = 0.9}},
        1e-9);
  check("one_cycle", {.name = "one_cycle", .total_steps = 201}, 1e-9);
  check("restarts",
        {.name = "cosine", .final_lr = 0.01, .total_steps = 200, .own = CosineOptions{.cycles = 4}},
        1e-9);
  check("restarts longer",
        {.name = "cosine",
         .final_lr = 0.01,
         .total_steps = 196,
         .own = CosineOptions{.cycles = 3, .longer = 2}},
        1e-9);
  check("timm cycles",
        {.name = "cosine",
         .final_lr = 0.01,
         .total_steps = 200,
         .own = CosineOptions{.cycles = 4, .decay = 0.5, .k = 1.5}},
        1e-9);
}

TEST_CASE("a rate that evaluations reduce has the bits of PyTorch's ReduceLROnPlateau") {
  using namespace optim;
  const auto& reference = recipe_reference().at("plateaus");
  const auto figures = [&](const char* key) {
    std::vector<double> all;
    for (const auto& each : reference.at(key)) {
      all.push_back(each.is_string() ? std::stod(each.get<std::string>()) : each.get<double>());
    }
    return all;
  };
  constexpr std::int64_t kSteps = 10;  // of an epoch
  const auto check = [&](const char* name, ScheduleOptions options, bool accuracies) {
    options.name = "plateau";
    options.lr = 0.4;
    options.total_steps = 60 * kSteps;
    options.steps_per_epoch = kSteps;
    const auto given = figures(accuracies ? "accuracies" : "losses");
    const auto expected = reference.at(name).get<std::vector<double>>();
    Plateau plateau;
    for (std::size_t i = 0; i < given.size(); ++i) {
      const std::int64_t done = kSteps * static_cast<std::int64_t>(i + 1);
      plateau.add(options, given[i], accuracies, done, done);
      plateau.add(options, given[i], accuracies, done, done);  // once is enough
      options.reductions = plateau.reductions;
      INFO(name << ", after " << i + 1 << " evaluations");
      // timm adds its warm-up up in another order.
      const double tolerance = options.warmup_steps > 0 ? 1e-14 : 0;
      CHECK(std::abs(learning_rate(options, done) - expected[i]) <= tolerance);
    }
    CHECK(expected.back() < 0.1);  // it was reduced, and more than once
  };
  check("loss", {.own = PlateauOptions{.factor = 0.3, .patience = 2}}, false);
  check("loss absolute cooldown",
        {.own = PlateauOptions{.factor = 0.5,
                               .patience = 1,
                               .threshold = 0.05,
                               .threshold_mode = ThresholdMode::absolute,
                               .cooldown = 3}},
        false);
  check("accuracy",
        {.final_lr = 0.02, .own = PlateauOptions{.factor = 0.7, .patience = 0, .threshold = 0.01}},
        true);
  check("accuracy absolute",
        {.own =
             PlateauOptions{
                 .patience = 3, .threshold = 2, .threshold_mode = ThresholdMode::absolute}},
        true);
  check("timm warm-up",
        {.final_lr = 1e-3,
         .warmup_steps = 6 * kSteps,
         .warmup_from = 0.1,
         .own = PlateauOptions{.factor = 0.5, .patience = 0, .threshold = 0.02, .cooldown = 1}},
        true);
}

TEST_CASE("momentum in a cycle, and decay by a cosine, are OneCycleLR's and DINO's") {
  const optim::ScheduleOptions schedule{.name = "one_cycle",
                                        .lr = 0.05,
                                        .weight_decay = 0.1,
                                        .final_weight_decay = 0.4,
                                        .total_steps = 50,
                                        .own = optim::OneCycleOptions{.cycle_momentum = true}};
  for (const auto& [name, expected] : recipe_reference().at("cycled").items()) {
    INFO(name);
    const bool cautious = name == "adamw cautious";
    const auto all = parameters();
    const auto optimizer = optim::make_optimizer(
        all, {.name = cautious ? "adamw" : name,
              .weight_decay = 0.1,
              .cautious = cautious,
              .groups = {{.pattern = "bias", .weight_decay = 0.0, .lr_scale = {}}}});
    std::vector<Values> found;
    for (int step = 0; step < 50; ++step) {
      for (const auto& [_, parameter] : all) {
        parameter.mutable_grad() = at::randn(parameter.sizes());
      }
      const double momentum = optim::momentum(schedule, step).value();
      const double factor = optim::weight_decay_factor(schedule, step);
      const auto at = static_cast<std::size_t>(step);
      CHECK(momentum == Approx(expected.at("momenta").at(at).get<double>()).epsilon(1e-9));
      CHECK(0.1 * factor == Approx(expected.at("decays").at(at).get<double>()).epsilon(1e-9));
      optimizer->set_momentum(momentum);
      optimizer->scale_weight_decay(factor);
      optimizer->step(optim::learning_rate(schedule, step));
      if (step == 0 || step == 9 || step == 49) found.push_back(values(all));
    }
    for (std::size_t i = 0; i < found.size(); ++i) {
      CHECK(farthest(found[i], expected.at("parameters").at(i).get<Values>()) <= 1e-6);
    }
  }
}
