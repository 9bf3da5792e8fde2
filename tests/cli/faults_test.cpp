// What a run loses when the disk, a file or the data let it down: nothing.
#include "../support/running_program.h"
#include "folder_data.h"

#include <imgcls/core/file.h>

#include <paths.h>
#include <algorithm>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

using namespace imgcls;
using Catch::Matchers::Contains;
using test::FolderData;
using test::on_ranks;
using test::run_program;
using test::RunningProgram;
namespace fs = std::filesystem;

namespace {

/// `command` with tests/support/faulty_files.cpp in front of the system.
std::string with_faults(const std::string& settings, const std::string& command) {
  return "env LD_PRELOAD=" IMGCLS_BINARY_DIR "/tests/lib/faulty_files.so " + settings + " " +
         command;
}

/// The final weights and moments of a run.
std::vector<std::byte> result(const FolderData& data, const std::string& run) {
  const fs::path checkpoint = data / (run + "/checkpoints/step-0000000010");
  std::vector<std::byte> bytes = read_file(checkpoint / "weights.safetensors");
  const std::vector<std::byte> moments = read_file(checkpoint / "optimizer.safetensors");
  bytes.insert(bytes.end(), moments.begin(), moments.end());
  return bytes;
}

std::vector<std::string> names_in(const fs::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) {
    names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

bool holds_hidden_leftovers(const fs::path& folder) {
  return std::ranges::any_of(names_in(folder), [](const std::string& name) {
    return name.starts_with(".") && name != ".lock";
  });
}

int times(const std::string& text, const std::string& part) {
  int count = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

/// A file of zeros for a time, as long as what it was: the data set's fingerprint stays.
class Zeroed {
 public:
  explicit Zeroed(fs::path file) : file_(std::move(file)), whole_(read_file(file_)) {
    write_synced(file_, std::vector<std::byte>(whole_.size()));
  }
  ~Zeroed() { write_synced(file_, whole_); }
  Zeroed(const Zeroed&) = delete;
  Zeroed& operator=(const Zeroed&) = delete;

 private:
  fs::path file_;
  std::vector<std::byte> whole_;
};

}  // namespace

TEST_CASE("file systems that exchange no names, lock nothing and link nothing do") {
  const FolderData data;
  REQUIRE(run_program(data.train("straight")).code == 0);
  const std::string all = "FAULTS='exchange lock link'";
  for (const std::string faults : {"FAULTS=exchange", "FAULTS=lock", "FAULTS=link"}) {
    const std::string run = faults.substr(7);
    REQUIRE(run_program(with_faults(faults, data.train(run))).code == 0);
    CHECK(result(data, run) == result(data, "straight"));
  }
  for (const char* steps : {"5", "7", "0"}) {
    const auto outcome =
        run_program(with_faults(all, data.train("all", std::string("train.max_steps=") + steps)));
    CHECK(outcome.code == 0);
    CHECK(times(outcome.output, "has no locks") == 1);
  }
  CHECK(result(data, "all") == result(data, "straight"));
  CHECK_FALSE(holds_hidden_leftovers(data / "all"));
  CHECK_FALSE(holds_hidden_leftovers(data / "all/checkpoints"));
}

TEST_CASE("a run that is killed between two operations on files goes on with the same bits") {
  const FolderData data;
  REQUIRE(run_program(data.train("straight")).code == 0);
  for (const std::string faults : {"", "FAULTS='exchange link'"}) {
    int killed = 0;
    // Of the 150 or so that a run makes; primes apart, so that all kinds are met.
    for (int at = 3; at < 200; at += 13) {
      const std::string run = "at" + std::to_string(at) + (faults.empty() ? "" : "faults");
      const auto first =
          run_program(with_faults(faults + " KILL_AT=" + std::to_string(at), data.train(run)));
      killed += first.code == 137 ? 1 : 0;
      CHECK((first.code == 137 || first.code == 0));
      INFO("killed at operation " << at << " " << faults);
      REQUIRE(run_program(with_faults(faults, data.train(run))).code == 0);
      CHECK(result(data, run) == result(data, "straight"));
      CHECK_FALSE(holds_hidden_leftovers(data / run));
      CHECK_FALSE(holds_hidden_leftovers(data / (run + "/checkpoints")));
      const std::string log = read_text(data / (run + "/train_log.csv"));
      CHECK(std::count(log.begin(), log.end(), '\n') == 3);
    }
    CHECK(killed > 5);
  }
}

TEST_CASE("an image that cannot be read ends a run, and what was trained is saved") {
  const FolderData data;
  for (const int ranks : {1, 2}) {
    const std::string of = std::to_string(ranks);
    const auto start = [&](const std::string& run, const std::string& more) {
      const std::string command = data.train(run + of, more);
      return run_program(ranks == 1 ? command : on_ranks(ranks, command));
    };
    REQUIRE(start("straight", "").code == 0);
    for (const char* image : {"data/val/red/3.jpg", "data/train/green/7.jpg"}) {
      const std::string run = std::string(image).substr(5, 3);
      // No checkpoint is due before the run's end.
      const std::string rare = "checkpoint.every_epochs=0 train.epochs=2 log.samples=true";
      {
        const Zeroed broken(data / image);
        const auto stopped = start(run, rare);
        CHECK(stopped.code == 1);
        CHECK_THAT(stopped.output, Contains(std::string(image).substr(5)) &&
                                       Contains("all that was trained is in") &&
                                       Contains("same command"));
      }
      const auto saved = names_in(data / (run + of + "/checkpoints"));
      REQUIRE(saved.size() == 1);
      const auto resumed = start(run, rare);
      CHECK(resumed.code == 0);
      CHECK_THAT(resumed.output, Contains("resuming from"));
      CHECK(result(data, run + of) == result(data, "straight" + of));
    }
  }
}

TEST_CASE("a checkpoint is written before the evaluation") {
  const FolderData data;
  const std::string command = data.train("run", "eval.batch=1 log.every=5");
  const Zeroed broken(data / "data/val/red/8.jpg");
  REQUIRE(run_program(command).code == 1);
  CHECK(names_in(data / "run/checkpoints") == std::vector<std::string>{"step-0000000005"});
}

TEST_CASE("files of figures that cannot be written cost one warning each, and no training") {
  const FolderData data;
  REQUIRE(run_program(data.train("straight")).code == 0);
  struct Case {
    std::string run, file;
    int opened;  // write calls at a run's start
  };
  for (const auto& [run, file, opened] :
       {Case{"steps", "steps.csv", 1}, Case{"samples", "samples.csv", 1},
        Case{"log", "train_log.csv", 1}, Case{"wandb", ".wandb", 1},
        Case{"events", "/events/events.out", 1}, Case{"eval", "/.eval.tmp/", 0},
        Case{"augmented", "/.augmented.tmp/", 0}}) {
    const std::string from = " FULL_FROM=" + std::to_string(opened + 1);
    const auto outcome = run_program(
        with_faults("FULL_FOR=" + file + from, data.train(run, "log.wandb=true log.samples=true")));
    INFO(file << "\n" << outcome.output);
    CHECK(outcome.code == 0);
    CHECK(times(outcome.output, "the training goes on, and it is tried again") == 1);
    CHECK(times(outcome.output, "is not complete") == 1);
    CHECK(result(data, run) == result(data, "straight"));
  }
}

TEST_CASE("files of figures are complete where a full disk has room again") {
  const FolderData data;
  const std::string options = "log.samples=true log.every=1";
  REQUIRE(run_program(data.train("straight", options)).code == 0);
  for (const std::string file : {"steps.csv", "samples.csv", "train_log.csv"}) {
    const std::string run = "again" + std::to_string(file.size());
    const auto outcome = run_program(
        with_faults("FULL_FROM=2 FULL_UNTIL=4 FULL_FOR=" + file, data.train(run, options)));
    INFO(file << "\n" << outcome.output);
    CHECK(outcome.code == 0);
    CHECK(times(outcome.output, "the training goes on, and it is tried again") == 1);
    CHECK(times(outcome.output, "is not complete") == 0);
    const std::string text = read_text(data / run / file);
    const std::string straight = read_text(data / "straight" / file);
    CHECK(std::count(text.begin(), text.end(), '\n') ==
          std::count(straight.begin(), straight.end(), '\n'));
    if (file == "samples.csv") CHECK(text == straight);
  }
}

TEST_CASE("a checkpoint that cannot be written is tried again, and missed only at a run's end") {
  const FolderData data;
  REQUIRE(run_program(data.train("straight")).code == 0);
  const std::string full = "FULL_FOR=state.json ";  // one write call a checkpoint
  const std::string options = "checkpoint.every_steps=1 checkpoint.keep=3";

  // The third to the sixth call: a part and then nothing, of two checkpoints.
  const auto outcome =
      run_program(with_faults(full + "FULL_FROM=3 FULL_UNTIL=7", data.train("some", options)));
  INFO(outcome.output);
  CHECK(outcome.code == 0);
  CHECK(times(outcome.output, "goes on without this checkpoint") == 2);
  CHECK(result(data, "some") == result(data, "straight"));

  // Tried before an evaluation and after it, and warned of once.
  const auto once = run_program(with_faults(full + "FULL_FROM=1 FULL_UNTIL=5",
                                            data.train("once", "checkpoint.every_epochs=1")));
  INFO(once.output);
  CHECK(once.code == 0);
  CHECK(times(once.output, "goes on without this checkpoint") == 1);

  const auto failed = run_program(with_faults(full + "FULL_FROM=3", data.train("none", options)));
  CHECK(failed.code == 1);
  CHECK_THAT(failed.output, Contains("state.json") && Contains("No space left"));
  CHECK(names_in(data / "none/checkpoints") ==
        std::vector<std::string>{"step-0000000001", "step-0000000002"});
  REQUIRE(run_program(data.train("none", options)).code == 0);
  CHECK(result(data, "none") == result(data, "straight"));
}

TEST_CASE("a run goes on with changes where it is told so, and records them") {
  const FolderData data;
  REQUIRE(run_program(data.train("run", "train.max_steps=3")).code == 0);
  const std::string changes = "train.epochs=3 optimizer.lr=0.02 train.batch=20";
  const auto refused = run_program(data.train("run", changes));
  CHECK(refused.code == 1);
  CHECK_THAT(refused.output, Contains("checkpoint.resume=changed"));

  const auto outcome = run_program(data.train("run", changes + " checkpoint.resume=changed"));
  INFO(outcome.output);
  CHECK(outcome.code == 0);
  CHECK_THAT(outcome.output, Contains("optimizer.lr: 0.05 before, 0.02 now") &&
                                 Contains("train.epochs: 2 before, 3 now") &&
                                 Contains("train.batch: 12 before, 20 now"));
  // 36 images were seen: 20 of them as the first of three batches, so eight are left.
  CHECK(fs::exists(data / "run/checkpoints/step-0000000011"));
  const auto record = nlohmann::json::parse(read_text(data / "run/environment.json"));
  CHECK(record.at("sessions").at(1).at("changes").size() == 3);
  // From now on this is its configuration.
  CHECK(run_program(data.train("run", changes)).code == 0);
}
