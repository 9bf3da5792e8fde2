// Runs with ingredients of a recipe: what they save, evaluate, and go on with.
#include <imgcls/core/file.h>
#include <imgcls/dist/world.h>
#include <imgcls/models/safetensors.h>
#include <imgcls/models/weights.h>
#include <imgcls/optim/optimizers.h>
#include <imgcls/optim/plateau.h>
#include <imgcls/optim/schedules.h>
#include <imgcls/optim/soap.h>
#include <imgcls/train/run_sink.h>
#include <imgcls/train/trainer.h>

#include <catch2/catch.hpp>
#include <sstream>

#include "../support/temp_folder.h"
#include "../support/toy_run.h"

using namespace imgcls;
using test::toy_options;
using test::train_toy;

namespace {

void check_restarts(const train::RunOptions& options, const std::string& what) {
  const test::TempFolder folder;
  train::RunOptions straight = options;
  straight.folder = folder / "straight";
  const auto expected = train_toy(straight);
  for (const int stop : {1, 4, 6}) {
    train::RunOptions stopped = options;
    stopped.folder = folder / ("stop" + std::to_string(stop));
    stopped.max_steps = stop;
    train_toy(stopped);
    stopped.max_steps = 0;
    const auto found = train_toy(stopped);
    for (const auto& entry : std::filesystem::directory_iterator(expected.checkpoint)) {
      const std::string file = entry.path().filename();
      if (!file.ends_with(".safetensors")) continue;
      INFO(what << ", stopped after " << stop << ": " << file);
      const bool same = read_file(found.checkpoint / file) == read_file(entry.path());
      CHECK(same);
    }
  }
}

train::RunOptions everything() {
  train::RunOptions options = toy_options("");
  options.mix = {.kinds = {"mixup", "cutmix"}, .prob = 0.8};
  options.erase.prob = 0.3;
  options.loss.name = "bce";
  options.optimizer.weight_decay = 0.01;
  options.sam.rho = 0.05;
  options.clip.name = "norm";
  options.average = {.name = "ema", .every_steps = 2, .own = train::EmaOptions{.decay = 0.8}};
  return options;
}

}  // namespace

TEST_CASE("with every ingredient on, a run that stops and goes on ends with the same bits") {
  for (const std::string& optimizer : optim::optimizers().names()) {
    train::RunOptions options = everything();
    options.optimizer.name = optimizer;
    options.optimizer.lr = optimizer == "lars" ? 1 : 0.01;
    if (optimizer == "soap") options.optimizer.own = optim::SoapOptions{.frequency = 2};
    if (optim::optimizers().at(optimizer).averages) {
      options.schedule.name = "constant";
      options.average = {};
    }
    check_restarts(options, optimizer);
  }
}

TEST_CASE("with views and their divergence, a run that stops and goes on ends with the same bits") {
  train::RunOptions options = toy_options("");
  options.augment.policy = "augmix";
  options.augment.views = 3;
  options.loss.name = "jsd";
  options.erase.prob = 0.5;
  options.label_smoothing = 0.1;
  options.accumulate = 2;
  options.eval.transform.crops = 5;
  check_restarts(options, "jsd");
}

TEST_CASE("a cycle of momentum and a course of decay go on where a run stopped") {
  for (const char* optimizer : {"adamw", "sgd"}) {
    train::RunOptions options = everything();
    options.optimizer.name = optimizer;
    options.schedule = {.name = "one_cycle",
                        .final_weight_decay = 0.1,
                        .own = optim::OneCycleOptions{.cycle_momentum = true}};
    check_restarts(options, optimizer);
    // And they are followed.
    const test::TempFolder folder;
    const auto weights = [&](const char* name) {
      options.folder = folder / name;
      return read_file(train_toy(options).checkpoint / "weights.safetensors");
    };
    const auto with_both = weights("both");
    options.schedule.final_weight_decay = {};
    const bool momentum_counts = weights("momentum") != with_both;
    CHECK(momentum_counts);
    options.schedule.final_weight_decay = 0.1;
    options.schedule.own = {};
    const bool decay_counts = weights("decay") != with_both;
    CHECK(decay_counts);
  }
}

TEST_CASE("a rate that evaluations reduce goes on where a run stopped") {
  train::RunOptions options = everything();
  options.epochs = 5;
  options.schedule = {
      .name = "plateau",
      .warmup_epochs = 1,
      .own = optim::PlateauOptions{.factor = 0.5, .patience = 0, .threshold = 0.99}};
  for (const auto metric : {train::Metric::acc1, train::Metric::loss}) {
    options.eval.metric = metric;
    check_restarts(options, "plateau");
  }
  const test::TempFolder folder;
  options.folder = folder / "run";
  const optim::Plateau plateau = train_toy(options).position.plateau;
  // Those after epochs 2 to 5 count, and of these all but the first are no better.
  CHECK(plateau.step == 20);
  CHECK(plateau.reductions == 3);
  CHECK_THAT(read_text(folder / "run/log.txt"),
             Catch::Contains("schedule.name=plateau: the learning rate is 0.0125 from now on"));
}

TEST_CASE("how often a run is evaluated may change, but where the rate goes by it") {
  const test::TempFolder folder;
  train::RunOptions options = toy_options(folder / "run");
  options.epochs = 4;
  options.schedule.name = "plateau";
  options.max_steps = 4;
  train_toy(options);
  options.eval.every_epochs = 2;
  CHECK_THROWS_WITH(train_toy(options), Catch::Contains("eval.every_epochs: 1 before, 2 now"));
}

TEST_CASE("with another metric, or another schedule, evaluations begin to count anew") {
  const test::TempFolder folder;
  train::RunOptions options = toy_options(folder / "run");
  options.epochs = 4;
  options.schedule = {.name = "plateau", .own = optim::PlateauOptions{.threshold = 0.99}};
  options.eval.metric = train::Metric::loss;
  options.checkpoint.resume = train::Resume::changed;
  options.max_steps = 8;
  const optim::Plateau by_loss = train_toy(options).position.plateau;
  REQUIRE(by_loss.best);
  CHECK(by_loss.bad == 1);
  options.eval.metric = train::Metric::acc1;
  options.max_steps = 12;
  const optim::Plateau by_accuracy = train_toy(options).position.plateau;
  CHECK(*by_accuracy.best > 10);  // per cent
  CHECK(by_accuracy.bad == 0);
  options.schedule = {.name = "cosine"};
  options.max_steps = 0;
  CHECK(train_toy(options).position.plateau == by_accuracy);  // nobody counts
}

TEST_CASE("the weights of the last epochs' ends are averaged on where a run stopped") {
  train::RunOptions options = everything();
  options.epochs = 5;
  options.average = {.name = "lawa", .from_epoch = 1, .own = train::LawaOptions{.last = 2}};
  check_restarts(options, "lawa");
  options.eval.bn_images = 48;
  check_restarts(options, "lawa with statistics of its own");
}

TEST_CASE("in lower precisions every ingredient trains, and with accumulation") {
  const test::TempFolder folder;
  for (const auto precision : {train::Precision::bf16, train::Precision::fp16}) {
    train::RunOptions options = everything();
    options.folder = folder / std::to_string(static_cast<int>(precision));
    options.precision = precision;
    options.accumulate = 2;
    options.optimizer.name = "lamb";
    CHECK(train_toy(options).position.step == 8);
  }
}

namespace {

/// What the toy network has with the weights of a file, over all images of the evaluation.
double loss_of(const train::RunOptions& options, const std::filesystem::path& file) {
  const auto world = dist::launch({.device = dist::DeviceKind::cpu});
  const models::Model model = test::toy_model();
  models::load_weights(model, file);
  data::Loader loader(std::make_shared<test::ToySource>(50, 2),
                      train::eval_loader_options(options, 0, 1));
  const train::InputStage input(options.data.normalization, "cpu", true);
  return train::evaluate(model, loader, input, *world, false, [](std::size_t) { return true; })
      .loss();
}

}  // namespace

TEST_CASE("the average is evaluated, and stands in each checkpoint as a file of weights") {
  const test::TempFolder folder;
  train::RunOptions options = toy_options(folder / "run");
  options.average = {.name = "ema", .own = train::EmaOptions{.decay = 0.7}};
  const train::TrainResult result = train_toy(options);
  CHECK(train::weights_to_use(result.checkpoint) == result.checkpoint / "average.safetensors");
  REQUIRE(result.eval);
  CHECK(result.eval->loss() == loss_of(options, result.checkpoint / "average.safetensors"));
  CHECK(result.eval->loss() != loss_of(options, result.checkpoint / "weights.safetensors"));
}

TEST_CASE("the mean of the last epochs' ends is evaluated, before the first the weights") {
  const test::TempFolder folder;
  train::RunOptions options = toy_options(folder / "run");
  options.epochs = 3;
  options.average = {.name = "lawa", .own = train::LawaOptions{.last = 2}};
  options.max_steps = 3;
  const train::TrainResult first = train_toy(options);
  CHECK(first.eval->loss() == loss_of(options, first.checkpoint / "average.safetensors"));
  CHECK(first.eval->loss() == loss_of(options, first.checkpoint / "weights.safetensors"));
  options.max_steps = 0;
  options.checkpoint.keep = 10;
  const train::TrainResult result = train_toy(options);
  CHECK(result.eval->loss() == loss_of(options, result.checkpoint / "average.safetensors"));
  CHECK(result.eval->loss() != loss_of(options, result.checkpoint / "weights.safetensors"));

  const auto weight = [&](const char* step, const char* file) {
    const auto path = folder / "run/checkpoints" / step / file;
    for (const auto& [name, tensor] : models::read_safetensors(path)) {
      if (name == "fc.weight") return tensor;
    }
    return at::Tensor();
  };
  const at::Tensor mean = weight("step-0000000008", "weights.safetensors")
                              .add(weight("step-0000000012", "weights.safetensors"))
                              .div(2);
  CHECK(weight("step-0000000012", "average.safetensors").equal(mean));
}

TEST_CASE("what a schedule-free optimizer averages is evaluated and saved, and training goes on") {
  const test::TempFolder folder;
  train::RunOptions options = toy_options(folder / "run");
  options.optimizer = {.name = "schedule_free_sgd", .lr = 0.1};
  options.schedule.name = "constant";
  const train::TrainResult result = train_toy(options);
  REQUIRE(result.eval);
  CHECK(result.eval->loss() == loss_of(options, result.checkpoint / "average.safetensors"));
  CHECK(result.eval->loss() != loss_of(options, result.checkpoint / "weights.safetensors"));
  // The weights that are trained are the same bits with an evaluation in between and without.
  options.eval.every_epochs = 2;
  options.folder = folder / "seldom";
  const auto weights = [](const train::TrainResult& run) {
    return read_file(run.checkpoint / "weights.safetensors");
  };
  const bool same = weights(train_toy(options)) == weights(result);
  CHECK(same);
}

TEST_CASE("what does not go together is refused before anything is created") {
  const test::TempFolder folder;
  const auto refused = [&](const auto& change, const std::string& why) {
    train::RunOptions options = toy_options(folder / "run");
    change(options);
    CHECK_THROWS_WITH(train_toy(options), Catch::Contains(why));
    CHECK_FALSE(std::filesystem::exists(options.folder));
  };
  refused([](train::RunOptions& o) { o.optimizer.layer_decay = 0.5; },
          "optimizer.layer_decay=0.5 needs a model whose layers are numbered");
  refused([](train::RunOptions& o) { o.optimizer = {.name = "radam", .cautious = true}; },
          "not for optimizer.name=radam");
  refused([](train::RunOptions& o) { o.optimizer.name = "schedule_free_sgd"; },
          "not with schedule.name=cosine");
  refused(
      [](train::RunOptions& o) {
        o.optimizer.weight_decay = 0;
        o.schedule.final_weight_decay = 0.1;
      },
      "schedule.final_weight_decay=0.1 needs");
  refused(
      [](train::RunOptions& o) {
        o.schedule.name = "plateau";
        o.eval.every_epochs = 2;
      },
      "eval.every_epochs=2 of train.epochs=2 leaves none before the last");
  refused(
      [](train::RunOptions& o) {
        o.schedule = {.name = "plateau", .own = optim::PlateauOptions{.threshold = 1}};
      },
      "schedule.plateau.threshold=1 must be below 1");
  refused([](train::RunOptions& o) { o.average = {.name = "lawa", .every_steps = 5}; },
          "leave average.every_steps at 1, not 5");
  refused(
      [](train::RunOptions& o) {
        o.optimizer.name = "schedule_free_adamw";
        o.schedule.name = "plateau";
      },
      "not with schedule.name=plateau");
}

TEST_CASE("a run that gets an average later begins it there, and says so") {
  const test::TempFolder folder;
  train::RunOptions options = toy_options(folder / "run");
  options.max_steps = 4;
  train_toy(options);
  options.max_steps = 0;
  options.average.name = "ema";
  options.checkpoint.resume = train::Resume::changed;
  CHECK(std::filesystem::exists(train_toy(options).checkpoint / "average.safetensors"));
  CHECK_THAT(read_text(folder / "run/log.txt"),
             Catch::Contains("average is not in the checkpoint: it starts anew"));
}

namespace {

/// Counts what it is told.
class CountingSink final : public train::RunSink {
 public:
  struct Counts {
    int steps = 0, evaluations = 0, ends = 0;
  };
  explicit CountingSink(std::shared_ptr<Counts> counts) : counts_(std::move(counts)) {}
  std::filesystem::path file() const override { return "counts"; }
  void step(const report::StepRow& /*row*/) override { ++counts_->steps; }
  void evaluation(const train::EvaluationReport& /*report*/) override { ++counts_->evaluations; }
  void end(bool /*complete*/, double /*time_s*/) override { ++counts_->ends; }

 private:
  std::shared_ptr<Counts> counts_;
};

}  // namespace

TEST_CASE("a program's own sink is told of steps and evaluations") {
  const test::TempFolder folder;
  train::RunOptions options = toy_options(folder / "run");
  options.log_every = 2;
  const auto counts = std::make_shared<CountingSink::Counts>();
  options.sinks.emplace_back([counts](const train::SinkContext& /*context*/) {
    return std::make_unique<CountingSink>(counts);
  });
  train_toy(options);
  CHECK(counts->steps == 4);
  CHECK(counts->evaluations == 2);
  CHECK(counts->ends == 1);
}
