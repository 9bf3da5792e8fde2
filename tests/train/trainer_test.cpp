#include "../support/gated_source.h"
#include "../support/temp_folder.h"
#include "../support/toy_run.h"
#include "../support/wrapped_source.h"

#include <imgcls/core/error.h>
#include <imgcls/core/file.h>
#include <imgcls/dist/agree.h>
#include <imgcls/models/safetensors.h>
#include <imgcls/models/weights.h>
#include <imgcls/train/termination_signals.h>
#include <imgcls/train/trainer.h>

#include <ATen/ops/allclose.h>
#include <paths.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>

using namespace imgcls;
using Catch::Matchers::Contains;
using test::toy_options;
using test::train_toy;

namespace {

bool same_tensors(const std::filesystem::path& a, const std::filesystem::path& b) {
  return read_file(a / "weights.safetensors") == read_file(b / "weights.safetensors") &&
         read_file(a / "optimizer.safetensors") == read_file(b / "optimizer.safetensors");
}

/// Sends this process a signal when a sample is read for the `n`-th time.
class SignallingSource final : public test::WrappedSource {
 public:
  SignallingSource(int n, int signal)
      : WrappedSource(std::make_shared<test::ToySource>(70, 1)), left_(n), signal_(signal) {}
  data::Sample read(std::size_t i) const override {
    if (--left_ == 0) std::raise(signal_);
    return WrappedSource::read(i);
  }

 private:
  mutable std::atomic<int> left_;
  int signal_;
};

/// Sends this process SIGUSR1 when a run's log has `text` and a read stands at the gate.
std::jthread signal_after(const std::filesystem::path& log, std::string text,
                          std::shared_ptr<const test::GatedSource> gated) {
  return std::jthread([=](const std::stop_token& stop) {
    const auto logged = [&] {
      return std::filesystem::exists(log) && read_text(log).find(text) != std::string::npos;
    };
    while (!stop.stop_requested() && !(logged() && gated->has_reader())) std::this_thread::yield();
    if (!stop.stop_requested()) ::kill(::getpid(), SIGUSR1);
  });
}

int checkpoints_in(const std::filesystem::path& run) {
  const std::filesystem::directory_iterator all(run / "checkpoints");
  return static_cast<int>(std::distance(begin(all), end(all)));
}

}  // namespace

TEST_CASE("a warm-up ends at the nearest step, and one of no step is warned of") {
  const test::TempFolder folder;
  const auto warm_up = [&](const std::string& name, double epochs) {
    train::RunOptions options = toy_options(folder / name);
    options.epochs = 1;
    options.log_every = 1;
    options.schedule = {.name = "constant", .warmup_epochs = epochs};
    train_toy(options, std::make_shared<test::ToySource>(80, 1));  // five steps
    std::istringstream csv(read_text(folder / name / "steps.csv"));
    std::string line;
    std::getline(csv, line);
    int below = 0;  // steps below the full rate
    while (std::getline(csv, line)) below += line.find(",0.1,") == std::string::npos ? 1 : 0;
    const bool warned =
        read_text(folder / name / "log.txt").find("warmup_epochs") != std::string::npos;
    return std::pair(below, warned);
  };
  CHECK(warm_up("half", 0.5) == std::pair(3, false));   // 2.5 steps
  CHECK(warm_up("less", 0.49) == std::pair(2, false));  // 2.45
  CHECK(warm_up("one", 0.1) == std::pair(1, false));    // half a step
  CHECK(warm_up("nothing", 0.09) == std::pair(0, true));
  CHECK(warm_up("tiny", 0.04) == std::pair(0, true));
  CHECK(warm_up("without", 0) == std::pair(0, false));
}

TEST_CASE("a run learns, and leaves its log and weights") {
  const test::TempFolder folder;
  train::RunOptions options = toy_options(folder / "run");
  options.epochs = 12;
  const train::TrainResult result = train_toy(options);
  REQUIRE(result.eval);
  CHECK(result.eval->images == 50);
  CHECK(result.eval->acc1() > 90);
  CHECK(result.position.step == 12 * 4);
  const std::string log = read_text(folder / "run/train_log.csv");
  CHECK_THAT(log, Catch::Matchers::StartsWith(
                      "epoch,step,train_loss,val_loss,val_acc1,val_acc5,time,checkpoint_dir\n"));
  CHECK(std::count(log.begin(), log.end(), '\n') == 13);
  CHECK(models::read_safetensors(result.checkpoint / "weights.safetensors").size() == 9);
}

TEST_CASE("a run leaves a row for each logged step, its evaluation's files and its surroundings") {
  const test::TempFolder folder;
  train::RunOptions options = toy_options(folder / "run");
  options.log_every = 3;
  train_toy(options);
  const std::string steps = read_text(folder / "run/steps.csv");
  CHECK_THAT(steps, Contains("\n3,1,") && Contains("\n6,2,"));
  CHECK(std::count(steps.begin(), steps.end(), '\n') == 3);
  const auto eval = nlohmann::json::parse(read_text(folder / "run/eval/eval.json"));
  CHECK(eval.at("images") == 50);
  CHECK(eval.at("step") == 8);
  const std::string mistakes = read_text(folder / "run/eval/mistakes.csv");
  const auto wrong = eval.at("images").get<int>() - eval.at("top1").get<int>();
  CHECK(std::count(mistakes.begin(), mistakes.end(), '\n') == 1 + std::min(24, wrong));
  const auto sessions = nlohmann::json::parse(read_text(folder / "run/environment.json"));
  CHECK(sessions.at("sessions").size() == 1);
  CHECK(sessions.at("sessions")[0].at("world_size") == 1);
}

TEST_CASE("a run that stops and goes on leaves the rows of one that does not") {
  const test::TempFolder folder;
  // A row up to the first figure that is a time.
  const auto rows = [&](const char* run) {
    std::string text;
    std::istringstream file(read_text(folder / run / "steps.csv"));
    for (std::string line; std::getline(file, line);) {
      std::vector<std::string> fields;
      std::istringstream row(line);
      for (std::string field; std::getline(row, field, ',');) fields.push_back(field);
      REQUIRE(fields.size() == 10);
      for (const int i : {0, 1, 3, 4, 5, 6}) text += fields[static_cast<std::size_t>(i)] + ",";
      text += "\n";
    }
    return text;
  };
  train::RunOptions straight = toy_options(folder / "straight");
  straight.log_every = 1;
  train_toy(straight);
  for (int stop = 1; stop < 8; ++stop) {
    train::RunOptions options = straight;
    options.folder = folder / ("stop" + std::to_string(stop));
    options.max_steps = stop;
    train_toy(options);
    // What a run that is killed later has written after its checkpoint.
    std::ofstream(options.folder / "steps.csv", std::ios::app) << stop + 1 << ",9,9,9,9,9,9,9,9,9\n"
                                                               << stop + 2 << ",9,";
    options.max_steps = 0;
    train_toy(options);
    CHECK(rows(options.folder.filename().c_str()) == rows("straight"));
    const auto sessions = nlohmann::json::parse(read_text(options.folder / "environment.json"));
    CHECK(sessions.at("sessions").at(1).at("from_step") == stop);
  }
}

TEST_CASE("stopped after any step, a run that goes on ends with the same bits") {
  const test::TempFolder folder;
  const train::TrainResult straight = train_toy(toy_options(folder / "straight"));
  for (int stop = 1; stop < 8; ++stop) {
    train::RunOptions options = toy_options(folder / ("stop" + std::to_string(stop)));
    options.max_steps = stop;
    CHECK(train_toy(options).position.step == stop);
    options.max_steps = 0;
    const train::TrainResult resumed = train_toy(options);
    CHECK(resumed.position.step == 8);
    CHECK(resumed.eval->top1 == straight.eval->top1);
    CHECK(same_tensors(resumed.checkpoint, straight.checkpoint));
  }
}

TEST_CASE("a signal saves, and the run that goes on ends with the same bits") {
  const test::TempFolder folder;
  const train::TrainResult straight = train_toy(toy_options(folder / "straight"));
  for (const int signal : {SIGINT, SIGTERM, SIGUSR1}) {
    const train::RunOptions options = toy_options(folder / std::to_string(signal));
    const auto source = std::make_shared<SignallingSource>(20, signal);
    const train::TrainResult stopped = train_toy(options, source);
    CHECK(stopped.stopped_by == signal);
    CHECK(stopped.position.step < 8);
    const train::TrainResult resumed = train_toy(options);
    CHECK(resumed.stopped_by == 0);
    CHECK(same_tensors(resumed.checkpoint, straight.checkpoint));
  }
}

TEST_CASE("a signal ends a run whose data does not come, and nothing is lost") {
  const test::TempFolder folder;
  const train::TrainResult straight = train_toy(toy_options(folder / "straight"));
  train::RunOptions options = toy_options(folder / "run");
  options.log_every = 1;
  options.checkpoint.every_steps = 2;
  // Two batches pass; the third one is never read.
  const auto gated =
      std::make_shared<test::GatedSource>(std::make_shared<test::ToySource>(70, 1), 40);
  const auto sender = signal_after(folder / "run/log.txt", "epoch 1/2 2/4", gated);
  const train::TrainResult stopped = train_toy(options, gated);
  CHECK(gated->has_reader());
  gated->open();
  CHECK(stopped.stopped_by == SIGUSR1);
  CHECK(stopped.position.step == 2);
  CHECK(checkpoints_in(folder / "run") == 1);
  const train::TrainResult resumed = train_toy(options);
  CHECK(same_tensors(resumed.checkpoint, straight.checkpoint));
}

TEST_CASE("a signal ends an evaluation whose data does not come, and it is done again") {
  const test::TempFolder folder;
  const train::TrainResult straight = train_toy(toy_options(folder / "straight"));
  train::RunOptions options = toy_options(folder / "run");
  options.log_every = 1;
  const auto gated =
      std::make_shared<test::GatedSource>(std::make_shared<test::ToySource>(50, 2), 30);
  const auto sender = signal_after(folder / "run/log.txt", "epoch 1/2 4/4", gated);
  const train::TrainResult stopped = train_toy(options, nullptr, gated);
  CHECK(gated->has_reader());
  gated->open();
  CHECK(stopped.stopped_by == SIGUSR1);
  CHECK(stopped.position.step == 4);
  CHECK_FALSE(stopped.eval);
  CHECK(checkpoints_in(folder / "run") == 1);
  const auto rows = [&] {
    const std::string log = read_text(folder / "run/train_log.csv");
    return std::count(log.begin(), log.end(), '\n') - 1;
  };
  CHECK(rows() == 0);
  // What a run that made it again, and was killed before its checkpoint, would have written.
  std::ofstream(folder / "run/train_log.csv", std::ios::app) << "1,4,9,9,9,9,9,\n";
  const train::TrainResult resumed = train_toy(options);
  CHECK(rows() == 2);
  CHECK(same_tensors(resumed.checkpoint, straight.checkpoint));
}

TEST_CASE("a signal before the first step leaves a checkpoint to go on from") {
  const test::TempFolder folder;
  const train::TrainResult straight = train_toy(toy_options(folder / "straight"));
  const train::RunOptions options = toy_options(folder / "run");
  {
    const train::TerminationSignals signals;
    std::raise(SIGTERM);  // before there is a trainer
    std::raise(SIGUSR1);  // the second one changes nothing
    const train::TrainResult stopped = train_toy(options);
    CHECK(stopped.stopped_by == SIGTERM);
    CHECK(stopped.position.step == 0);
    std::raise(SIGTERM);  // when it is gone
  }
  CHECK(same_tensors(train_toy(options).checkpoint, straight.checkpoint));
}

TEST_CASE("a broken newest checkpoint costs the steps since the one before, and nothing else") {
  const test::TempFolder folder;
  const train::TrainResult straight = train_toy(toy_options(folder / "straight"));
  train::RunOptions options = toy_options(folder / "run");
  options.checkpoint.every_steps = 1;
  options.max_steps = 6;
  const train::TrainResult stopped = train_toy(options);
  std::filesystem::resize_file(stopped.checkpoint / "weights.safetensors", 100);
  options.max_steps = 0;
  const train::TrainResult resumed = train_toy(options);
  CHECK(same_tensors(resumed.checkpoint, straight.checkpoint));
  CHECK_THAT(read_text(folder / "run/log.txt"), Contains("is broken") && Contains("step 5 of 8"));
}

TEST_CASE("a run that has ended is not trained again") {
  const test::TempFolder folder;
  const train::TrainResult first = train_toy(toy_options(folder / "run"));
  const train::TrainResult again = train_toy(toy_options(folder / "run"));
  CHECK(again.position.step == first.position.step);
  CHECK_FALSE(again.eval);
}

TEST_CASE("resume = never refuses a folder with checkpoints") {
  const test::TempFolder folder;
  train::RunOptions options = toy_options(folder / "run");
  train_toy(options);
  options.checkpoint.resume = train::Resume::never;
  CHECK_THROWS_WITH(train_toy(options), Contains("earlier run") && Contains("run.dir"));
}

TEST_CASE("two jobs cannot write into one folder") {
  const test::TempFolder folder;
  const auto world = dist::launch({.device = dist::DeviceKind::cpu});
  const auto source = std::make_shared<test::ToySource>(70, 1);
  const train::Trainer first(test::toy_model(), source, source, toy_options(folder / "run"),
                             *world);
  CHECK_THROWS_WITH(
      train::Trainer(test::toy_model(), source, source, toy_options(folder / "run"), *world),
      Contains("another job") && Contains("run.dir"));
}

namespace {

namespace fs = std::filesystem;

/// Run folders of earlier versions, stopped after five of eight steps, and the weights they would
/// have ended with.
const fs::path kOldRuns = IMGCLS_SOURCE_DIR "/tests/train/runs";
constexpr std::int64_t kStoppedAt = 5;

}  // namespace

// build/bin/test_train "write this version's run folder": once for a version whose folders differ.
TEST_CASE("write this version's run folder", "[.]") {
  const test::TempFolder folder;
  const fs::path to = kOldRuns / IMGCLS_VERSION;
  fs::current_path(folder.path());  // so that no path of this machine is kept
  train::RunOptions options = toy_options("straight");
  const train::TrainResult straight = train_toy(options);
  options.folder = "run";
  options.max_steps = kStoppedAt;
  const train::TrainResult stopped = train_toy(options);
  make_folders(to / "run/checkpoints");
  fs::copy(stopped.checkpoint, to / "run/checkpoints" / stopped.checkpoint.filename());
  for (const char* file : {"config.json", "train_log.csv", "steps.csv"}) {
    fs::copy(options.folder / file, to / "run" / file);
  }
  fs::copy(straight.checkpoint / "weights.safetensors", to / "end.safetensors");
}

TEST_CASE("runs of earlier versions go on") {
  int versions = 0;
  for (const auto& version : fs::directory_iterator(kOldRuns)) {
    INFO(version.path().string());
    const test::TempFolder folder;
    fs::copy(version.path() / "run", folder / "run", fs::copy_options::recursive);
    const train::TrainResult result = train_toy(toy_options(folder / "run"));
    CHECK_THAT(read_text(folder / "run/log.txt"), Contains("resuming from"));
    CHECK(result.position.step == 8);
    const auto end = models::read_safetensors(version.path() / "end.safetensors");
    const auto now = models::read_safetensors(result.checkpoint / "weights.safetensors");
    REQUIRE(now.size() == end.size());
    // Another CPU than the one that made them rounds otherwise.
    for (std::size_t i = 0; i < end.size(); ++i) {
      CHECK(at::allclose(now[i].tensor.to(at::kDouble), end[i].tensor.to(at::kDouble), 1e-3, 1e-4));
    }
    ++versions;
  }
  CHECK(versions > 0);
}

TEST_CASE("a run from C++ goes on with the options it began with") {
  const test::TempFolder folder;
  train::RunOptions options = toy_options(folder / "run");
  options.max_steps = 2;
  train_toy(options);
  options.max_steps = 0;
  options.label_smoothing = 0.2;
  CHECK_THROWS_WITH(train_toy(options), Contains("train.label_smoothing: 0.1 before, 0.2 now"));
  options.checkpoint.resume = train::Resume::changed;
  CHECK(train_toy(options).position.step == 8);
}

TEST_CASE("a loss that is not a number ends the run and leaves the last good checkpoint") {
  const test::TempFolder folder;
  train::RunOptions options = toy_options(folder / "run");
  options.epochs = 1;
  options.max_steps = 2;
  const auto good = train_toy(options).checkpoint;
  options.max_steps = 0;
  options.optimizer.lr = 1e38;
  options.checkpoint.resume = train::Resume::changed;
  CHECK_THROWS_WITH(train_toy(options),
                    Contains("no longer a finite number") && Contains("checkpoint is from before"));
  CHECK(std::filesystem::exists(good));
  options.folder = folder / "other";  // nothing was saved there yet
  CHECK_THROWS_WITH(train_toy(options),
                    Contains("no longer a finite number") && !Contains("checkpoint"));
}

TEST_CASE("lower precisions train") {
  for (const auto precision :
       {train::Precision::bf16, train::Precision::fp16, train::Precision::automatic}) {
    const test::TempFolder folder;
    train::RunOptions options = toy_options(folder / "run");
    options.epochs = 12;
    options.precision = precision;
    CHECK(train_toy(options).eval->acc1() > 80);
  }
}

TEST_CASE("an update that makes weights infinite is not saved, though its loss was finite") {
  const test::TempFolder folder;
  train::RunOptions options = toy_options(folder / "run");
  options.max_steps = 1;
  const auto good = train_toy(options).checkpoint;
  options.max_steps = 2;
  options.optimizer.lr = 1e300;
  options.checkpoint.resume = train::Resume::changed;
  CHECK_THROWS_WITH(train_toy(options), Contains("no longer made of finite numbers"));
  CHECK(checkpoints_in(folder / "run") == 1);
  CHECK(std::filesystem::exists(good));
}
