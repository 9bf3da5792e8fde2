// A recipe's ingredients against PyTorch's, timm's and torchvision's values (recipe_reference.py).
#include <imgcls/core/file.h>
#include <imgcls/dist/data_parallel.h>
#include <imgcls/dist/world_single.h>
#include <imgcls/models/registry.h>
#include <imgcls/optim.h>
#include <imgcls/train/recipe/average.h>
#include <imgcls/train/recipe/clip.h>
#include <imgcls/train/recipe/losses.h>
#include <imgcls/train/step.h>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/tensor.h>
#include <fmt/format.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/linear.h>

#include <paths.h>
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <nlohmann/json.hpp>

namespace {

using namespace imgcls;
using nlohmann::json;
using Values = std::vector<float>;

const json& reference() {
  static const json all =
      json::parse(read_text(IMGCLS_SOURCE_DIR "/tests/parity/recipe_reference.json"));
  return all;
}

Values values(const std::vector<models::NamedTensor>& tensors) {
  Values all;
  for (const models::NamedTensor& each : tensors) {
    const at::Tensor flat = each.tensor.detach().contiguous();
    all.insert(all.end(), flat.const_data_ptr<float>(),
               flat.const_data_ptr<float>() + flat.numel());
  }
  return all;
}

/// The largest difference, as a share of the value where that is above 1.
double farthest(const Values& one, const Values& other) {
  REQUIRE(one.size() == other.size());
  double most = 0;
  for (std::size_t i = 0; i < one.size(); ++i) {
    const double far = std::abs(one[i] - other[i]) / std::max(1.0F, std::abs(other[i]));
    most = std::isnan(far) ? std::numeric_limits<double>::infinity() : std::max(most, far);
  }
  return most;
}

std::vector<models::NamedTensor> parameters() {
  at::manual_seed(11);
  std::vector<models::NamedTensor> all;
  for (const auto& [name, shape] :
       std::initializer_list<std::pair<const char*, std::vector<std::int64_t>>>{
           {"layer.weight", {8, 6}}, {"conv.weight", {6, 4, 3, 3}}, {"layer.bias", {8}}}) {
    all.push_back({name, at::randn(shape).set_requires_grad(true)});
  }
  return all;
}

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
      const auto expected = reference().at("optimizers").at(name).get<std::vector<Values>>();
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
    const auto expected = reference().at("schedules").at(name).get<std::vector<double>>();
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

TEST_CASE("momentum in a cycle, and decay by a cosine, are OneCycleLR's and DINO's") {
  const optim::ScheduleOptions schedule{.name = "one_cycle",
                                        .lr = 0.05,
                                        .weight_decay = 0.1,
                                        .final_weight_decay = 0.4,
                                        .total_steps = 50,
                                        .own = optim::OneCycleOptions{.cycle_momentum = true}};
  for (const auto& [name, expected] : reference().at("cycled").items()) {
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

namespace {

class Net : public torch::nn::Module {
 public:
  Net() {
    at::manual_seed(3);
    register_module("fc", torch::nn::Linear(3, 4));
    register_module("bn", torch::nn::BatchNorm1d(4));
  }
  at::Tensor forward(const at::Tensor& x) { return x; }
};

}  // namespace

TEST_CASE("losses and their gradients are those of their references") {
  const json& given = reference().at("losses");
  Values flat = given.at("logits").get<Values>(), shares = given.at("shares").get<Values>();
  const auto classes = [&](const char* key) {
    return at::tensor(given.at(key).get<std::vector<std::int64_t>>());
  };
  const train::Targets hard{.labels = classes("labels")};
  const train::Targets mixed{
      .labels = classes("labels"), .partners = classes("partners"), .shares = at::tensor(shares)};
  const auto check = [&](const std::string& name, const train::LossOptions& options,
                         const train::Targets& targets, double smoothing) {
    const at::Tensor logits = at::tensor(flat).view({6, 10}).set_requires_grad(true);
    const at::Tensor loss = train::make_loss(options, at::kCPU)(logits, targets, smoothing);
    loss.backward();
    INFO(name);
    const json& expected = given.at("values").at(name);
    CHECK(loss.item<double>() == Approx(expected.at("loss").get<double>()).epsilon(1e-6));
    CHECK(farthest(values({{"", logits.grad()}}), expected.at("gradient").get<Values>()) < 1e-6);
  };
  check("cross_entropy mixed", {}, mixed, 0.1);
  check("cross_entropy timm", {}, mixed, 0.1);
  check("bce", {.name = "bce"}, hard, 0.1);
  check("bce sum threshold mixed",
        {.name = "bce", .own = train::BceOptions{.sum = true, .threshold = 0.2}}, mixed, 0.1);
  check("asymmetric", {.name = "asymmetric"}, hard, 0.1);
  check("focal", {.name = "focal"}, hard, 0);
  check("poly", {.name = "poly"}, hard, 0);

  const auto factors = given.at("class factors").get<std::vector<double>>();
  const auto weighted = [&](const char* loss) {
    return train::LossOptions{.name = loss, .class_weights = factors};
  };
  check("cross_entropy weights", weighted("cross_entropy"), hard, 0);
  check("cross_entropy weights smoothing", weighted("cross_entropy"), hard, 0.1);
  check("cross_entropy weights mixed", weighted("cross_entropy"), mixed, 0.1);
  check("bce weights", weighted("bce"), hard, 0.1);
  check("focal weights", weighted("focal"), hard, 0);
  check("asymmetric weights", weighted("asymmetric"), hard, 0);
  check("poly weights", weighted("poly"), hard, 0);
}

TEST_CASE("what is learnt from a teacher is DeiT's loss and its gradient") {
  const json& given = reference().at("distillation");
  const auto tensor = [&](const char* key) {
    return at::tensor(given.at(key).get<Values>()).view({6, 10});
  };
  const train::Targets targets{
      .labels = at::tensor(given.at("labels").get<std::vector<std::int64_t>>()),
      .teacher = tensor("teacher")};
  const auto check = [&](const std::string& name, const train::DistillationOptions& distillation) {
    train::RunOptions options;
    options.label_smoothing = 0.1;
    options.distillation = distillation;
    const train::Recipe recipe(options, models::Model(std::make_shared<Net>(), "net"));
    const at::Tensor logits = tensor("logits").set_requires_grad(true);
    const at::Tensor loss = recipe.loss(logits, targets);
    loss.backward();
    INFO(name);
    const json& expected = given.at("values").at(name);
    CHECK(loss.item<double>() == Approx(expected.at("loss").get<double>()).epsilon(1e-6));
    CHECK(farthest(values({{"", logits.grad()}}), expected.at("gradient").get<Values>()) < 1e-6);
  };
  using Kind = train::DistillationKind;
  check("soft", {});
  check("soft 3", {.temperature = 3, .weight = 0.9});
  check("hard", {.kind = Kind::hard});
}

TEST_CASE("gradients are limited as PyTorch and timm limit them") {
  const auto check = [](const std::string& name, const train::ClipOptions& options) {
    const auto all = parameters();
    for (const auto& [_, parameter] : all) parameter.mutable_grad() = at::randn(parameter.sizes());
    const auto optimizer = optim::make_optimizer(all, {});
    train::make_clipper(options, "head")->after_backward({}, *optimizer);
    std::vector<models::NamedTensor> gradients;
    for (const auto& [_, parameter] : all) gradients.push_back({"", parameter.grad()});
    INFO(name);
    CHECK(farthest(values(gradients), reference().at("clips").at(name).get<Values>()) < 1e-6);
  };
  check("norm", {.name = "norm", .own = train::NormClipOptions{.most = 2}});
  check("norm above", {.name = "norm", .own = train::NormClipOptions{.most = 1e3}});
  check("value", {.name = "value", .own = train::ValueClipOptions{.most = 0.5}});
  check("adaptive", {.name = "adaptive", .own = train::AdaptiveClipOptions{.share = 0.5}});
}

TEST_CASE("averages of weights are timm's and PyTorch's") {
  const auto check = [](const std::string& name, const train::AverageOptions& options,
                        std::size_t compared) {
    const models::Model model(std::make_shared<Net>(), "net");
    const auto average = train::make_average(options, model);
    const auto trained = [&] {
      auto all = model.parameters();
      for (const auto& buffer : model.buffers()) {
        if (buffer.tensor.is_floating_point()) all.push_back(buffer);
      }
      return all;
    };
    at::manual_seed(17);
    for (int step = 0; step < 12; ++step) {
      const at::NoGradGuard no_grad;
      for (auto& each : trained()) each.tensor.add_(at::randn(each.tensor.sizes()), 0.1);
      average->after_update({.step = step});
    }
    const Values before = values(trained());
    average->exchange_weights();
    Values found = values(trained()), expected = reference().at("averages").at(name);
    found.resize(compared), expected.resize(compared);
    INFO(name << ": off by " << farthest(found, expected));
    CHECK(farthest(found, expected) < 1e-6);
    average->exchange_weights();
    CHECK(values(trained()) == before);
  };
  using train::EmaOptions;
  constexpr std::size_t kAll = 32, kParameters = 24;
  check("ema", {.name = "ema", .own = EmaOptions{.decay = 0.9}}, kAll);
  check("ema warmup", {.name = "ema", .own = EmaOptions{.decay = 0.9, .warmup = true}}, kAll);
  check("ema no buffers", {.name = "ema", .buffers = false, .own = EmaOptions{.decay = 0.9}}, kAll);
  check("swa", {.name = "swa"}, kParameters);
}

namespace {

struct Batch {
  train::DeviceBatch whole;
  explicit Batch(int step) {
    at::manual_seed(static_cast<std::uint64_t>(100 + step));
    whole.images = at::randn({8, 3, 64, 64}).contiguous(at::MemoryFormat::ChannelsLast);
    whole.labels = at::randint(0, 10, {8}, at::kLong);
  }
};

/// Steps of a recipe at a constant rate, and the loss of the weights to evaluate.
class WholeRun {
 public:
  WholeRun(const std::string& name, train::RunOptions options, int steps) : model_(made(name)) {
    options.optimizer.groups = {{.pattern = "bias", .weight_decay = 0.0, .lr_scale = {}}};
    const auto world = dist::make_single_world({.device = dist::DeviceKind::cpu});
    dist::DataParallel replicas(model_, *world);
    const auto optimizer = optim::make_optimizer(model_.parameters(), options.optimizer);
    train::TrainStep step(replicas, *optimizer, "cpu", options);
    for (int i = 0; i < steps; ++i) {
      losses.push_back(step(Batch(i).whole, options.optimizer.lr, nullptr, {.seed = 7, .step = i})
                           .item<double>());
    }
    model_.train(false);
    average = step.recipe().with_weights_to_evaluate([&] {
      const at::NoGradGuard no_grad;
      const train::DeviceBatch batch = Batch(20).whole;
      return at::cross_entropy_loss(model_.forward(batch.images), batch.labels).item<double>();
    });
  }

  std::vector<double> losses;
  double average = 0;

 private:
  static models::Model made(const std::string& name) {
    at::manual_seed(3);
    const bool drops = name == "efficientnet_b0";
    models::Model model =
        models::create(name, {.classes = 10,
                              .dropout = drops ? std::optional(0.0) : std::nullopt,
                              .drop_path = drops ? std::optional(0.0) : std::nullopt});
    model.to_channels_last();
    model.train();
    return model;
  }

  models::Model model_;
};

void check_losses(const WholeRun& run, const std::string& name, double tolerance) {
  const auto expected = reference().at("recipes").at(name).at("losses").get<std::vector<double>>();
  for (std::size_t i = 0; i < expected.size(); ++i) {
    INFO(name << ", step " << i);
    CHECK(run.losses.at(i) == Approx(expected[i]).epsilon(tolerance));
  }
}

}  // namespace

TEST_CASE("10 steps with mixup, cutmix, BCE, LAMB and EMA are those of timm's parts") {
  train::RunOptions options;
  options.label_smoothing = 0.1;
  options.mix.kinds = {"mixup", "cutmix"};
  options.loss.name = "bce";
  options.optimizer = {.name = "lamb", .lr = 0.0001, .weight_decay = 0.02};
  options.average = {.name = "ema", .own = train::EmaOptions{.decay = 0.9, .warmup = true}};
  const WholeRun run("resnet18", options, 10);
  check_losses(run, "lamb", 1e-5);
  CHECK(run.average ==
        Approx(reference().at("recipes").at("lamb").at("average").get<double>()).epsilon(1e-5));
}

TEST_CASE("20 steps of EfficientNet-B0 with AdamW, smoothing and a limit are those of PyTorch") {
  train::RunOptions options;
  options.label_smoothing = 0.1;
  options.optimizer = {.name = "adamw", .lr = 0.0001, .weight_decay = 0.05};
  options.clip = {.name = "norm", .own = train::NormClipOptions{.most = 1}};
  check_losses(WholeRun("efficientnet_b0", options, 20), "adamw", 1e-5);
}

TEST_CASE("4 steps of SGD within SAM and ASAM are those of their definitions") {
  train::RunOptions options;
  options.optimizer = {.name = "sgd", .lr = 0.0005, .momentum = 0.9, .weight_decay = 0.01};
  options.sam.rho = 0.05;
  check_losses(WholeRun("resnet18", options, 4), "sam", 1e-5);
  options.sam = {.rho = 0.5, .adaptive = true};
  check_losses(WholeRun("resnet18", options, 4), "asam", 1e-5);
}

TEST_CASE("4 steps of schedule-free SGD within SAM, and what is evaluated, are schedulefree's") {
  train::RunOptions options;
  options.optimizer = {.name = "schedule_free_sgd", .lr = 0.005, .weight_decay = 0.01};
  options.sam.rho = 0.05;
  const WholeRun run("resnet18", options, 4);
  check_losses(run, "schedule-free sam", 1e-5);
  const json& expected = reference().at("recipes").at("schedule-free sam").at("average");
  CHECK(run.average == Approx(expected.get<double>()).epsilon(1e-5));
}
