// Learning from a teacher: what it is shown, what a run makes of it, and which are refused.
#include <imgcls/core/config.h>
#include <imgcls/core/error.h>
#include <imgcls/core/file.h>
#include <imgcls/dist/agree.h>
#include <imgcls/models/registry.h>
#include <imgcls/models/weights.h>
#include <imgcls/train/recipe/recipe.h>
#include <imgcls/train/teacher.h>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/allclose.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/randn.h>

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "../support/temp_folder.h"
#include "../support/toy_run.h"
#include "../support/wrapped_source.h"

using namespace imgcls;
using Catch::Matchers::Contains;
using test::toy_options;
using test::train_toy;

namespace {

/// Of other weights than the model that is trained, which draws its own from seed 0.
models::Model toy_teacher(int classes = 4) {
  at::manual_seed(99);
  return models::Model(std::make_shared<test::ToyNet>(classes), "toy");
}

/// A network that takes images of 12 x 12 alone.
class OneSizeNet : public torch::nn::Module {
 public:
  OneSizeNet() : fc_(register_module("fc", torch::nn::Linear(3 * 12 * 12, 4))) {}
  at::Tensor forward(const at::Tensor& images) { return fc_(images.flatten(1)); }

 private:
  torch::nn::Linear fc_;
};

/// All images of the first class, as a source that knows nothing says.
class Unlabelled final : public test::WrappedSource {
 public:
  using WrappedSource::WrappedSource;
  std::int64_t label(std::size_t /*index*/) const override { return 0; }
};

std::vector<std::byte> weights_of(const train::TrainResult& result) {
  return read_file(result.checkpoint / "weights.safetensors");
}

}  // namespace

TEST_CASE("a teacher is asked about mixed images, in evaluation mode and without gradients") {
  const at::Tensor images = at::randn({8, 3, 12, 12});
  for (const int parts : {1, 2, 4}) {
    train::RunOptions options = toy_options("");
    options.accumulate = parts;
    options.mix = {.kinds = {"mixup"}};
    options.distillation.teacher = toy_teacher();
    train::prepare_teacher(options, 4, "cpu");
    const models::Model& teacher = *options.distillation.teacher;
    CHECK_FALSE(teacher.is_training());
    for (const auto& [name, parameter] : teacher.parameters())
      CHECK_FALSE(parameter.requires_grad());

    train::Recipe recipe(options, test::toy_model());
    train::TrainBatch batch{.images = images, .targets = {.labels = at::arange(8, at::kLong) % 4}};
    recipe.before_forward({.seed = 1}, batch);
    CHECK(batch.targets.is_mixed());
    CHECK_FALSE(batch.images.equal(images));
    const at::Tensor& logits = batch.targets.teacher;
    REQUIRE(logits.defined());
    CHECK_FALSE(logits.requires_grad());
    const at::NoGradGuard no_grad;
    CHECK(at::allclose(logits, teacher.forward(batch.images), 1e-5, 1e-6));
    CHECK_FALSE(at::allclose(logits, teacher.forward(images), 1e-3, 1e-3));
    CHECK(batch.targets.narrow(2, 3).teacher.equal(logits.narrow(0, 2, 3)));
  }
}

TEST_CASE("from a teacher alone a model learns what no label tells it") {
  const test::TempFolder folder;
  train::RunOptions options = toy_options(folder / "teacher");
  options.epochs = 12;
  options.label_smoothing = 0;
  options.optimizer.name = "adamw";
  options.optimizer.lr = 0.02;
  const train::TrainResult taught = train_toy(options);
  models::Model teacher = toy_teacher();
  models::load_weights(teacher, taught.checkpoint / "weights.safetensors");
  const auto before = models::state(teacher).front().tensor.clone();

  const auto unlabelled = std::make_shared<Unlabelled>(std::make_shared<test::ToySource>(70, 1));
  const auto accuracy = [&](const std::string& run) {
    options.folder = folder / run;
    return train_toy(options, unlabelled).eval->acc1();
  };
  const double without = accuracy("without");
  CHECK(without < 40);
  for (const auto kind : {train::DistillationKind::hard, train::DistillationKind::soft}) {
    options.distillation = {.kind = kind, .temperature = 2, .weight = 1, .teacher = teacher};
    const double with = accuracy(std::to_string(static_cast<int>(kind)));
    INFO("teacher " << taught.eval->acc1() << ", with " << with << ", without " << without);
    CHECK(with > 80);
  }
  CHECK(models::state(teacher).front().tensor.equal(before));
}

TEST_CASE("a run with a teacher that stops and goes on ends with the same bits") {
  const test::TempFolder folder;
  train::RunOptions options = toy_options(folder / "straight");
  options.mix = {.kinds = {"mixup", "cutmix"}, .prob = 0.8};
  options.erase.prob = 0.3;
  options.distillation = {.temperature = 3, .weight = 0.9, .teacher = toy_teacher()};
  SECTION("plain") {}
  SECTION("hard, in micro-batches") {
    options.distillation.kind = train::DistillationKind::hard;
    options.accumulate = 2;
  }
  SECTION("with SAM") {
    options.sam.rho = 0.05;
  }
  SECTION("bf16") {
    options.precision = train::Precision::bf16;
  }
  SECTION("fp16") {
    options.precision = train::Precision::fp16;
  }
  const auto straight = weights_of(train_toy(options));
  options.folder = folder / "parts";
  for (const std::int64_t stop : {1, 4, 6}) {
    options.max_steps = stop;
    train_toy(options);
  }
  options.max_steps = 0;
  const bool same = weights_of(train_toy(options)) == straight;
  CHECK(same);
  options.folder = folder / "labels";
  options.distillation = {};
  const bool taught = weights_of(train_toy(options)) != straight;
  CHECK(taught);
}

TEST_CASE("a distillation token learns in a run that stops and goes on, with the same bits") {
  const test::TempFolder folder;
  const auto train_deit = [&](const std::string& run, std::int64_t steps, bool taught) {
    train::RunOptions options = toy_options(folder / run);
    options.augment = {.size = 16, .crop = data::CropKind::pad, .pad = 1, .flip = 0};
    options.eval = {.transform = {.size = 16, .resize = 16}, .batch = 20};
    options.optimizer.name = "adamw";
    options.optimizer.lr = 1e-3;
    options.max_steps = steps;
    options.accumulate = 2;
    options.distillation.kind = train::DistillationKind::hard;
    if (taught) options.distillation.teacher = toy_teacher();
    const auto world = dist::launch({.device = dist::DeviceKind::cpu});
    train::configure_torch(options, *world);
    const models::Model model =
        models::create("deit_ti_16_distilled", {.classes = 4, .image_size = 16});
    train::Trainer trainer(model, std::make_shared<test::ToySource>(70, 1, 16),
                           std::make_shared<test::ToySource>(50, 2, 16), options, *world);
    return weights_of(trainer.run());
  };
  const auto straight = train_deit("straight", 0, true);
  for (const std::int64_t stop : {1, 4, 6}) train_deit("parts", stop, true);
  const bool same = train_deit("parts", 0, true) == straight;
  CHECK(same);
  const bool differs = train_deit("labels", 0, false) != straight;
  CHECK(differs);
}

TEST_CASE("a run goes on with the teacher it began with, or says that it has another") {
  const test::TempFolder folder;
  train::RunOptions options = toy_options(folder / "run");
  options.distillation.teacher = toy_teacher();
  options.max_steps = 4;
  train_toy(options);
  options.max_steps = 0;
  const std::string same = train::teacher_fingerprint(options.distillation);
  CHECK(same.size() == 32);
  options.distillation.teacher = toy_teacher();
  CHECK(train::teacher_fingerprint(options.distillation) == same);
  const at::NoGradGuard no_grad;
  options.distillation.teacher->buffers().front().tensor.add_(1);
  CHECK_THROWS_WITH(train_toy(options), Contains("was made with another teacher (fingerprint " +
                                                 same.substr(0, 12) + ", now "));
  options.checkpoint.resume = train::Resume::changed;
  CHECK(train_toy(options).position.step == 8);
  CHECK_THAT(read_text(folder / "run/log.txt"),
             Contains("teacher: fingerprint " + same.substr(0, 12)));
}

TEST_CASE("a teacher of other classes or of other images is refused before anything is created") {
  const test::TempFolder folder;
  train::RunOptions options = toy_options(folder / "run");
  options.distillation.teacher = toy_teacher(5);
  CHECK_THROWS_WITH(train_toy(options),
                    "the teacher of distillation.*, toy, must tell the 4 classes of the training "
                    "data apart, not 5");
  options.distillation.teacher = models::Model(std::make_shared<OneSizeNet>(), "one_size");
  options.augment.size = 16;
  try {
    train_toy(options);
    FAIL("it was not refused");
  } catch (const dist::AgreedError& e) {
    CHECK(e.of_configuration());
    CHECK_THAT(e.what(), Contains("one_size, takes no images of 16 x 16: "));
    CHECK(std::string(e.what()).find('\n') == std::string::npos);
  }
  CHECK_FALSE(std::filesystem::exists(folder / "run"));
  options.augment.size = 12;
  CHECK(train_toy(options).position.step == 8);
  // Named in a configuration, and not made.
  options.distillation = {.run = "runs/x"};
  CHECK_THROWS_WITH(train_toy(options), Contains("see make_teacher"));
}

TEST_CASE("a teacher of the zoo has the weights of its file, for the same classes") {
  const test::TempFolder folder;
  const std::vector<std::string> three{"a", "b", "c"};
  const models::Model saved = models::create("shufflenet_v2_x0_5", {.classes = 3});
  const std::string file = folder / "teacher.safetensors";
  models::write_weights(file, models::state(saved));
  train::RunOptions options;
  CHECK_FALSE(train::make_teacher(options, three));
  options.distillation = {.model = "shufflenet_v2_x0_5", .weights = file};
  const auto teacher = train::make_teacher(options, three);
  REQUIRE(teacher);
  CHECK(teacher->model.parameters().back().tensor.equal(saved.parameters().back().tensor));
  CHECK(teacher->notes.back() == "teacher: shufflenet_v2_x0_5, " + file);
  CHECK_THROWS_WITH(
      train::make_teacher(options, std::vector<std::string>{"a", "b"}),
      "distillation.weights: " + file +
          " is of a shufflenet_v2_x0_5 for other classes than the 2 of the training data; a "
          "teacher must know the same classes in the same order");
  options.distillation.model = "shufflenet_v2_x1_0";
  CHECK_THROWS_WITH(train::make_teacher(options, three), Contains("distillation.weights: "));
  options.distillation.model = "vit_b_16";
  options.augment.size = 60;
  CHECK_THROWS_WITH(train::make_teacher(options, three),
                    Contains("distillation.model=vit_b_16, for images of augment.size=60: "));
}

TEST_CASE("a configuration names one teacher, and all of it") {
  const auto refusal = [](std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"data.root=nowhere", "model.name=resnet18"});
    try {
      train::run_options(Config::load(arguments));
    } catch (const ConfigError& e) {
      return std::string(e.what());
    }
    return std::string();
  };
  CHECK(refusal({}).empty());
  CHECK(refusal({"distillation.run=x"}).empty());
  CHECK(refusal({"distillation.model=resnet50", "distillation.weights=x.pth"}).empty());
  CHECK_THAT(refusal({"distillation.model=resnet50"}), Contains("needs distillation.weights"));
  CHECK_THAT(refusal({"distillation.weights=x.pth"}), Contains("needs distillation.model"));
  CHECK_THAT(refusal({"distillation.run=x", "distillation.model=resnet50"}),
             Contains("give one of them"));
  CHECK_THAT(refusal({"distillation.temperature=0"}), Contains("distillation.temperature"));
}
