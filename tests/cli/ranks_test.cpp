// One program, any number of ranks.
#include "folder_data.h"

#include <imgcls/core/file.h>

#include <paths.h>
#include <algorithm>
#include <catch2/catch.hpp>
#include <set>
#include <sstream>

using namespace imgcls;
using Catch::Matchers::Contains;
using test::FolderData;
using test::on_ranks;
using test::run_program;

namespace {

/// For each epoch, for each of its steps, the samples of the global batch: a row of samples.csv.
using Epochs = std::vector<std::vector<std::multiset<int>>>;

Epochs epochs_of(const std::filesystem::path& samples_csv) {
  Epochs epochs;
  std::istringstream lines(read_text(samples_csv));
  std::string line;
  std::getline(lines, line);
  REQUIRE(line == "step,epoch,samples");
  for (int expected = 1; std::getline(lines, line); ++expected) {
    std::replace(line.begin(), line.end(), ',', ' ');
    std::istringstream row(line);
    std::size_t step = 0, epoch = 0;
    row >> step >> epoch;
    REQUIRE(static_cast<int>(step) == expected);
    if (epoch > epochs.size()) epochs.resize(epoch);
    auto& batch = epochs.at(epoch - 1).emplace_back();
    for (int sample = 0; row >> sample;) batch.insert(sample);
  }
  return epochs;
}

}  // namespace

TEST_CASE("evaluation gives the same counts on 1, 2 and 3 ranks") {
  const FolderData data;
  REQUIRE(run_program(data.train("run", "train.max_steps=3")).code == 0);
  const auto alone = run_program(data.eval("run"));
  CHECK(alone.code == 0);
  CHECK_THAT(alone.output, Contains("images 27"));
  for (const int ranks : {2, 3})
    CHECK(run_program(on_ranks(ranks, data.eval("run"))).output == alone.output);
}

TEST_CASE("evaluation of ten crops gives the same counts on 1, 2 and 3 ranks") {
  const FolderData data;
  REQUIRE(run_program(data.train("run")).code == 0);
  const std::string crops = "eval.size=11 eval.resize=16 eval.crops=10 eval.batch=4";
  const auto alone = run_program(data.eval("run", crops));
  CHECK(alone.code == 0);
  CHECK_THAT(alone.output, Contains("images 27"));
  CHECK(run_program(data.eval("run", "eval.size=11 eval.resize=16")).output != alone.output);
  for (const int ranks : {2, 3}) {
    CHECK(run_program(on_ranks(ranks, data.eval("run", crops))).output == alone.output);
  }
}

TEST_CASE("a run on two ranks goes on on one and on three") {
  const FolderData data;
  for (const int ranks : {1, 3}) {
    const std::string run = "run" + std::to_string(ranks);
    CHECK(run_program(on_ranks(2, data.train(run, "train.max_steps=3"))).code == 0);
    const auto resumed = run_program(on_ranks(ranks, data.train(run)));
    CHECK(resumed.code == 0);
    CHECK_THAT(resumed.output, Contains("step 3 of 10, epoch 1, 36 images into it"));
    CHECK_THAT(read_text(data / (run + "/train_log.csv")), Contains("\n2,10,"));
  }
}

TEST_CASE(
    "a run that changes its number of ranks sees each image once an epoch, in the same batches") {
  const FolderData data;
  // 60 images: 7 steps of 8 an epoch, and 4 images dropped.
  const std::string flags = "log.samples=true train.batch=8 ";
  REQUIRE(run_program(data.train("alone", flags)).code == 0);
  const Epochs undisturbed = epochs_of(data / "alone/samples.csv");
  REQUIRE(undisturbed.size() == 2);
  for (const auto& batches : undisturbed) {
    REQUIRE(batches.size() == 7);
    std::set<int> seen;
    for (const auto& batch : batches) seen.insert(batch.begin(), batch.end());
    CHECK(seen.size() == 7 * 8);
  }
  CHECK(undisturbed[0] != undisturbed[1]);
  for (const int ranks : {1, 4}) {
    const std::string run = "run" + std::to_string(ranks);
    const std::string command = data.train(run, flags);
    REQUIRE(run_program(on_ranks(2, command + "train.max_steps=10")).code == 0);
    REQUIRE(run_program(on_ranks(ranks, command)).code == 0);
    CHECK(epochs_of(data / (run + "/samples.csv")) == undisturbed);
  }
}

TEST_CASE("two ranks that stop and go on end with the bits of two that did not") {
  const FolderData data;
  CHECK(run_program(on_ranks(2, data.train("straight"))).code == 0);
  CHECK(run_program(on_ranks(2, data.train("stopped", "train.max_steps=7"))).code == 0);
  CHECK(run_program(on_ranks(2, data.train("stopped"))).code == 0);
  const auto weights = [&](const std::string& run) {
    return read_file(data / (run + "/checkpoints/step-0000000010/weights.safetensors"));
  };
  CHECK(weights("straight") == weights("stopped"));
}

TEST_CASE("three ranks with all that a recipe can have stop and go on with the same bits") {
  const std::string recipe = GENERATE(
      "average.name=ema sam.rho=0.05 clip.name=norm erase.prob=0.3 "
      "'mix.kinds=[\"mixup\",\"cutmix\"]'",
      "optimizer.name=schedule_free_adamw schedule.name=constant optimizer.lr=0.01 sam.rho=0.05",
      "schedule.name=plateau schedule.plateau.patience=0 eval.every_epochs=1 average.name=lawa",
      "optimizer.name=soap optimizer.soap.frequency=2 optimizer.lr=0.01 clip.name=adaptive",
      "optimizer.name=muon optimizer.lr=0.01 progressive.size=8 progressive.multiple=4 "
      "progressive.ramp=[0,1] augment.crop=random_resized");
  INFO(recipe);
  const FolderData data;
  const auto train = [&](const std::string& run, const std::string& more = "") {
    return run_program(on_ranks(3, data.train(run, recipe + " " + more)));
  };
  const auto straight = train("straight");
  INFO(straight.output);
  REQUIRE(straight.code == 0);
  CHECK(train("stopped", "train.max_steps=3").code == 0);
  CHECK(train("stopped").code == 0);
  CHECK(test::weights_hash(data / "straight") == test::weights_hash(data / "stopped"));
}

namespace {

/// Losses and norms of the gradients, of each step.
std::vector<std::pair<double, double>> figures_of(const std::filesystem::path& steps_csv) {
  std::vector<std::pair<double, double>> figures;
  std::istringstream lines(read_text(steps_csv));
  std::string line;
  std::getline(lines, line);
  REQUIRE_THAT(line, Catch::StartsWith("step,epoch,time,loss,lr,grad_norm,"));
  while (std::getline(lines, line)) {
    std::replace(line.begin(), line.end(), ',', ' ');
    std::istringstream row(line);
    double step = 0, epoch = 0, time = 0, loss = 0, lr = 0, norm = 0;
    row >> step >> epoch >> time >> loss >> lr >> norm;
    figures.emplace_back(loss, norm);
  }
  return figures;
}

/// Sums over ranks are added in another order.
void check_close(const std::vector<std::pair<double, double>>& found,
                 const std::vector<std::pair<double, double>>& expected) {
  REQUIRE(found.size() == expected.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    INFO("step " << i + 1);
    CHECK(found[i].first == Approx(expected[i].first).epsilon(1e-5));
    CHECK(found[i].second == Approx(expected[i].second).epsilon(1e-4));
  }
}

}  // namespace

TEST_CASE("with factors of classes, ranks train as one process does") {
  const FolderData data;
  const std::string recipe =
      "loss.class_weights=[0.1,1,7] train.sync_bn=true train.label_smoothing=0.1 train.max_steps=3 "
      "optimizer.lr=0.001";
  REQUIRE(run_program(data.train("alone", recipe)).code == 0);
  REQUIRE(run_program(data.train("plain", recipe + " loss.class_weights=[]")).code == 0);
  const auto alone = figures_of(data / "alone/steps.csv"),
             plain = figures_of(data / "plain/steps.csv");
  REQUIRE(alone.size() == 3);
  CHECK(alone[0].first != Approx(plain[0].first).epsilon(0.1));
  for (const int ranks : {2, 3}) {
    const std::string run = "run" + std::to_string(ranks);
    REQUIRE(run_program(on_ranks(ranks, data.train(run, recipe))).code == 0);
    check_close(figures_of(data / (run + "/steps.csv")), alone);
  }
}

TEST_CASE("with views of an image, ranks train as one process does") {
  const FolderData data;
  const std::string recipe =
      "augment.policy=augmix augment.views=3 loss.name=jsd erase.prob=0.5 train.sync_bn=true "
      "train.label_smoothing=0.1 train.max_steps=3 optimizer.lr=0.001";
  REQUIRE(run_program(data.train("alone", recipe)).code == 0);
  const auto alone = figures_of(data / "alone/steps.csv");
  REQUIRE(alone.size() == 3);
  for (const int ranks : {2, 3}) {
    const std::string run = "run" + std::to_string(ranks);
    REQUIRE(run_program(on_ranks(ranks, data.train(run, recipe))).code == 0);
    check_close(figures_of(data / (run + "/steps.csv")), alone);
  }
}

TEST_CASE("with a teacher, ranks train as one process does") {
  const FolderData data;
  REQUIRE(run_program(data.train("teacher", "train.max_steps=6")).code == 0);
  const std::string recipe =
      "train.sync_bn=true train.max_steps=3 optimizer.lr=0.001 train.seed=5 "
      "distillation.temperature=2 distillation.weight=0.8 ";
  const std::string teacher = "distillation.run=" + (data / "teacher").string();
  const auto outcome = run_program(data.train("alone", recipe + teacher));
  REQUIRE(outcome.code == 0);
  CHECK_THAT(outcome.output, Contains("teacher: resnet9, "));
  const std::string weights = "teacher/checkpoints/step-0000000006/weights.safetensors";
  CHECK_THAT(outcome.output, Contains((data / weights).string()));
  REQUIRE(run_program(data.train("plain", recipe)).code == 0);
  const auto alone = figures_of(data / "alone/steps.csv");
  CHECK(alone.at(0).first != Approx(figures_of(data / "plain/steps.csv").at(0).first).epsilon(0.1));
  for (const int ranks : {2, 3}) {
    const std::string run = "run" + std::to_string(ranks);
    REQUIRE(run_program(on_ranks(ranks, data.train(run, recipe + teacher))).code == 0);
    check_close(figures_of(data / (run + "/steps.csv")), alone);
  }
  const auto stopped = data.train("stopped", recipe + teacher);
  REQUIRE(run_program(on_ranks(3, stopped + " train.max_steps=2")).code == 0);
  REQUIRE(run_program(on_ranks(3, stopped)).code == 0);
  const std::string last = "/checkpoints/step-0000000003/weights.safetensors";
  const bool same = read_file(data / ("stopped" + last)) == read_file(data / ("run3" + last));
  CHECK(same);
}

TEST_CASE("a teacher that does not fit is refused in one line, and nothing is created") {
  const FolderData data;
  REQUIRE(run_program(data.train("teacher", "train.max_steps=1")).code == 0);
  const auto refusal = [&](const std::string& more) {
    const auto outcome = run_program(on_ranks(
        2, data.train("run", "distillation.run=" + (data / "teacher").string() + " " + more)));
    CHECK(outcome.code == 2);
    CHECK_FALSE(std::filesystem::exists(data / "run"));
    return outcome.output;
  };
  CHECK_THAT(refusal("data.mean=[0.5,0.5,0.5]"),
             Contains("was trained with another data.mean, data.std, data.channels or data.bits"));
  CHECK_THAT(refusal("distillation.model=resnet18"), Contains("give one of them"));
  replace_file(data / "teacher/classes.txt", "blue\ngreen\nrot\n");
  CHECK_THAT(refusal(""), Contains("is of other classes (\"rot\" where the training data has "
                                   "\"red\"); a teacher must know the same classes"));
}

TEST_CASE("factors of other classes than there are stop a run before anything is created") {
  const FolderData data;
  const auto outcome = run_program(on_ranks(2, data.train("run", "loss.class_weights=[1,2]")));
  CHECK(outcome.code == 2);
  CHECK_THAT(outcome.output, Contains("loss.class_weights must have a number for each of the 3 "
                                      "classes, in the order of their names, not 2"));
  CHECK_FALSE(std::filesystem::exists(data / "run"));
}

TEST_CASE("ranks with other configurations are refused once, naming the key, and create nothing") {
  const FolderData data;
  const auto differ = [&](const std::string& first, const std::string& second) {
    return run_program("mpirun -np 1 " + data.train("run", first) + " : -np 1 " +
                       data.train("run", second));
  };
  auto outcome = differ("train.batch=12", "train.batch=30 train.epochs=3");
  CHECK(outcome.code == 1);
  const std::string message =
      "ranks 0 and 1 differ in train.batch: 12 against 30 (and in 1 more). Start all ranks with "
      "the "
      "same configuration.";
  const std::size_t at = outcome.output.find(message);
  REQUIRE(at != std::string::npos);
  CHECK(outcome.output.find(message, at + 1) == std::string::npos);
  outcome = differ("", "run.dir=" + (data / "elsewhere").string());
  CHECK(outcome.code == 1);
  CHECK_THAT(outcome.output, Contains("differ in run.dir: "));
  CHECK_FALSE(std::filesystem::exists(data / "run"));
  CHECK_FALSE(std::filesystem::exists(data / "elsewhere"));
  CHECK(differ("data.threads=1", "data.threads=2 data.prefetch=1").code == 0);
}

TEST_CASE("ranks with other data are refused, naming what differs, and nothing is created") {
  const FolderData data;
  const auto differ = [&](const std::string& first, const std::string& second) {
    return run_program("mpirun -np 1 " + first + " : -np 1 " + second);
  };
  const std::filesystem::path other = data / "other";
  std::filesystem::copy(data / "data", other, std::filesystem::copy_options::recursive);
  const std::string its_root = "data.root=" + other.string();

  std::filesystem::remove(other / "train/green/7.jpg");
  auto outcome = differ(data.train("run"), data.train("run", its_root));
  CHECK(outcome.code == 1);
  CHECK_THAT(
      outcome.output,
      Contains("ranks 0 and 1 differ in the number of training images: 60 against 59 (and in "
               "1 more). Give all ranks the same data."));

  // As many, but one of another size.
  std::filesystem::copy(data / "data/train/green/6.jpg", other / "train/green/7.jpg");
  replace_file(other / "val/red/3.jpg", "short");
  outcome = differ(data.train("run"), data.train("run", its_root));
  CHECK(outcome.code == 1);
  CHECK_THAT(outcome.output, Contains("differ in the fingerprint of the"));
  CHECK_FALSE(std::filesystem::exists(data / "run"));

  // The same data in another place is no difference.
  std::filesystem::remove_all(other);
  std::filesystem::copy(data / "data", other, std::filesystem::copy_options::recursive);
  CHECK(differ(data.train("run"), data.train("run", its_root)).code == 0);
}

TEST_CASE("imgcls eval refuses ranks with other weights or data") {
  const FolderData data;
  REQUIRE(run_program(data.train("run", "checkpoint.every_steps=1 train.max_steps=2")).code == 0);
  const auto step = [&](int number) {
    return "--weights " + (data / "run/checkpoints/step-000000000").string() +
           std::to_string(number) + "/weights.safetensors";
  };
  auto outcome = run_program("mpirun -np 1 " + data.eval("run", step(1)) + " : -np 1 " +
                             data.eval("run", step(2)));
  CHECK(outcome.code == 1);
  CHECK_THAT(outcome.output, Contains("ranks 0 and 1 differ in the SHA-256 of the weights: "));
  std::filesystem::copy(data / "data", data / "other", std::filesystem::copy_options::recursive);
  std::filesystem::remove(data / "other/val/red/3.jpg");
  outcome = run_program("mpirun -np 1 " + data.eval("run") + " : -np 1 " +
                        data.eval("run", "data.root=" + (data / "other").string()));
  CHECK(outcome.code == 1);
  CHECK_THAT(outcome.output, Contains("differ in the number of evaluation images: 27 against 26"));
}

TEST_CASE("the first recipe takes steps on one rank and on two") {
  const FolderData data;
  const std::string recipe = IMGCLS_SOURCE_DIR "/configs/train/resnet50.json";
  for (const int ranks : {1, 2}) {
    // fp16 is far too slow on a CPU; everything else is the recipe's.
    const auto outcome = run_program(on_ranks(
        ranks,
        std::string(IMGCLS_BINARY_DIR) + "/bin/train_resnet50 " + recipe +
            " data.root=" + (data / "data").string() +
            " run.dir=" + (data / ("recipe" + std::to_string(ranks))).string() +
            " train.precision=fp32 train.batch=4 train.max_steps=2 log.every=1 augment.size=64"
            " eval.size=64 eval.resize=72 model.stem=imagenet"));
    CHECK(outcome.code == 0);
    CHECK_THAT(outcome.output,
               Contains("resnet50 (23.51 M parameters) in fp32") && Contains("2/15"));
  }
}
