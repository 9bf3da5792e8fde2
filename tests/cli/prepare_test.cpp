// imgcls prepare: an index and shards as a user makes them, and runs on them.
#include "../support/running_program.h"
#include "folder_data.h"

#include <imgcls/core/file.h>

#include <paths.h>
#include <catch2/catch.hpp>

using namespace imgcls;
using Catch::Matchers::Contains;
using test::FolderData;
using test::run_program;

namespace {

std::string prepare(const std::string& arguments) {
  return IMGCLS_BINARY_DIR "/bin/imgcls prepare " + arguments;
}

std::vector<std::byte> weights(const FolderData& data, const std::string& run) {
  return read_file(data / (run + "/checkpoints/step-0000000010/weights.safetensors"));
}

}  // namespace

TEST_CASE("prepare says how it is used") {
  for (const std::string command : {"", "index ", "shards "}) {
    const auto help = run_program(prepare(command + "--help"));
    CHECK(help.code == 0);
    CHECK_THAT(help.output, Contains("Usage"));
  }
  CHECK(run_program(prepare("index")).code == 2);
  CHECK(run_program(prepare("shards . --out x --size 3parsecs")).code == 2);
  const auto outcome = run_program(prepare("index /nowhere/at/all"));
  CHECK(outcome.code == 1);
  CHECK_THAT(outcome.output, Contains("/nowhere/at/all"));
}

TEST_CASE("prepare index puts a broken image aside, and --check finds a change") {
  const FolderData data;
  const std::string train = (data / "data/train").string();
  std::filesystem::resize_file(data / "data/train/green/7.jpg", 300);
  const auto made = run_program(prepare("index " + train + " --threads 2"));
  CHECK(made.code == 0);
  CHECK_THAT(made.output, Contains("green/7.jpg") && Contains("1 broken") &&
                              Contains("60 images") && !Contains("\r"));
  const auto again = run_program(prepare("index " + train));
  CHECK_THAT(again.output, Contains("(59 unchanged)"));
  CHECK(run_program(prepare("index --check " + train)).code == 0);
  const auto run = run_program(data.train("run", "train.batch=59 train.epochs=1"));
  CHECK(run.code == 0);
  CHECK_THAT(run.output, !Contains("skipped"));
  std::filesystem::copy_file(data / "data/train/red/1.jpg", data / "data/train/red/2.jpg",
                             std::filesystem::copy_options::overwrite_existing);
  const auto check = run_program(prepare("index --check " + train));
  CHECK(check.code == 1);
  CHECK_THAT(check.output, Contains("red/2.jpg") && Contains("1 differences"));
}

TEST_CASE("a run on an index, on shards, and on staged shards ends with the same weights") {
  const FolderData data;
  for (const std::string half : {"train", "val"}) {
    const std::string folder = (data / "data" / half).string();
    const std::string out = (data / "shards" / half).string();
    const auto made = run_program(prepare("shards " + folder + " --samples 7 --out " + out));
    REQUIRE(made.code == 0);
    CHECK_THAT(made.output, Contains("shards"));
    REQUIRE(run_program(prepare("index " + folder + " -o " + (data / ("indexes-" + half)).string()))
                .code == 0);
  }
  make_folders(data / "indexes");
  for (const std::string half : {"train", "val"}) {
    std::filesystem::rename(data / ("indexes-" + half), data / ("indexes/" + half + ".index"));
  }
  const std::string shards = "data.format=shards data.root=" + (data / "shards").string();
  const std::string stage = " data.stage_dir=" + (data / "disk").string();
  REQUIRE(run_program(data.train("folder")).code == 0);
  CHECK(run_program(data.train("index", "data.index=" + (data / "indexes").string())).code == 0);
  CHECK(run_program(data.train("shards", shards)).code == 0);
  CHECK(weights(data, "index") == weights(data, "folder"));
  CHECK(weights(data, "shards") == weights(data, "folder"));

  const auto staged = run_program(test::on_ranks(2, data.train("staged", shards + stage)));
  CHECK(staged.code == 0);
  CHECK_THAT(staged.output, Contains("staged training data") && Contains("staged validation data"));
  const auto plain = run_program(test::on_ranks(2, data.train("plain", shards)));
  CHECK(plain.code == 0);
  CHECK(weights(data, "staged") == weights(data, "plain"));
  const auto refused = run_program(data.train("refused", stage));
  CHECK(refused.code == 2);
  CHECK_THAT(refused.output, Contains("data.format=shards"));
}

TEST_CASE("a run that began on a folder goes on on its shards") {
  const FolderData data;
  for (const std::string half : {"train", "val"}) {
    REQUIRE(run_program(prepare("index " + (data / "data" / half).string())).code == 0);
    REQUIRE(run_program(prepare("shards " + (data / "data" / half).string() + " --out " +
                                (data / "shards" / half).string()))
                .code == 0);
  }
  REQUIRE(run_program(data.train("straight")).code == 0);
  REQUIRE(run_program(data.train("run", "train.max_steps=4")).code == 0);
  const auto outcome =
      run_program(data.train("run", "data.format=shards data.root=" + (data / "shards").string()));
  CHECK(outcome.code == 0);
  CHECK_THAT(outcome.output, Contains("resuming from"));
  CHECK(weights(data, "run") == weights(data, "straight"));
}

TEST_CASE("prepare shards that was killed goes on, and ends with the same bytes") {
  const FolderData data;
  const std::string command =
      prepare("shards " + (data / "data/train").string() + " --samples 1 --threads 2 --out ");
  REQUIRE(run_program(command + (data / "straight").string()).code == 0);
  const std::filesystem::path out = data / "killed";
  for (const char* shard : {"shard-000003.tar", "shard-000020.tar", "shard-000041.tar"}) {
    test::RunningProgram program(command + out.string());
    while (!std::filesystem::exists(out / shard)) std::this_thread::yield();
  }  // killed
  const auto outcome = run_program(command + out.string());
  CHECK(outcome.code == 0);
  CHECK_THAT(outcome.output, Contains("60 images in 60 shards"));
  std::size_t shards = 0;
  for (const auto& entry : std::filesystem::directory_iterator(data / "straight")) {
    const std::filesystem::path name = entry.path().filename();
    if (name.extension() != ".tar") continue;
    CHECK(read_file(entry.path()) == read_file(out / name));
    ++shards;
  }
  CHECK(shards == 60);
  for (const auto& entry : std::filesystem::directory_iterator(out)) {
    const std::string end = entry.path().extension().string();
    CHECK((end == ".tar" || end == ".index" || end == ".txt"));
  }
}
