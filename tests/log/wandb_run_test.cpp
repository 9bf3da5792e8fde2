// Runs for Weights & Biases: framing, what is left after a kill, and what the client uploads.
#include "../support/python_with.h"
#include "../support/skip.h"
#include "../support/temp_folder.h"

#include <imgcls/core/file.h>
#include <imgcls/log/wandb_log.h>
#include <imgcls/log/wandb_proto.h>
#include <imgcls/log/wandb_run.h>

#include <paths.h>

#include <catch2/catch.hpp>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <protozero/pbf_reader.hpp>
#include <vector>

using namespace imgcls;
namespace fs = std::filesystem;
namespace proto = report::wandb;
using nlohmann::json;

namespace {

const std::string kConfig = R"({"train":{"batch":128,"seed":3},"optimizer":{"lr":0.1}})";

fs::path file_in(const fs::path& run) {
  const auto folders = report::wandb_folders(run);
  REQUIRE(folders.size() == 1);
  const std::string name = folders[0].filename();
  return folders[0] / ("run-" + name.substr(name.rfind('-') + 1) + ".wandb");
}

/// The message of a record and its kind; the record must be one.
std::pair<int, std::string> message_of(const std::string& record) {
  protozero::pbf_reader reader(record);
  while (reader.next()) {
    if (reader.tag() == proto::record::number) {
      reader.skip();
      continue;
    }
    return {static_cast<int>(reader.tag()), reader.get_string()};
  }
  return {0, ""};
}

json row_of(const std::string& history) {
  json row;
  protozero::pbf_reader reader(history);
  while (reader.next(proto::history::items)) {
    protozero::pbf_reader item = reader.get_message();
    REQUIRE(item.next(proto::item::key));
    const std::string key = item.get_string();
    REQUIRE(item.next(proto::item::value));
    row[key] = json::parse(item.get_string());
  }
  return row;
}

struct Contents {
  std::vector<std::string> rows;  // "STEP", or "STEP val"
  std::vector<std::string> lines;
  int runs = 0, exits = 0;
};

Contents contents_of(const fs::path& run) {
  const std::string file = read_text(file_in(run));
  report::WandbRecords records(file);
  Contents contents;
  std::int64_t number = 0;
  while (const auto record = records.next()) {
    const auto [kind, message] = message_of(*record);
    if (kind == proto::record::run) ++contents.runs;
    if (kind == proto::record::exit) ++contents.exits;
    if (kind == proto::record::output) {
      protozero::pbf_reader reader(message);
      REQUIRE(reader.next(proto::output::line));
      contents.lines.push_back(reader.get_string());
    }
    if (kind != proto::record::history) continue;
    const json row = row_of(message);
    CHECK(row.at("_step") == number++);
    contents.rows.push_back(row.at("step").dump() + (row.contains("val/acc1") ? " val" : ""));
  }
  CHECK(records.end() == file.size());
  return contents;
}

/// A run of steps 1 to `last`, an evaluation every two, and a line of its log for each row.
void train(const fs::path& run, std::int64_t from, std::int64_t last, std::int64_t evaluated) {
  const fs::path log = run / "log.txt";
  report::WandbRun wandb(run, log, {.name = "seed-3", .config = kConfig}, from, evaluated);
  for (std::int64_t step = from + 1; step <= last; ++step) {
    std::ofstream(log, std::ios::app) << "step " << step << "\n";
    wandb.step({.step = step, .epoch = 1, .loss = 1.0 / static_cast<double>(step)});
    if (step % 2 == 0)
      wandb.evaluation({.epoch = 1, .step = step, .val_acc1 = 50, .checkpoint_dir = {}});
  }
}

}  // namespace

TEST_CASE("records of any size come out of a .wandb file as they went in") {
  std::vector<std::string> in;
  std::string file(report::kWandbHead);
  // To each place in a block, and over several blocks.
  for (std::size_t size : {0, 1, 100, 32735, 7, 65536, 32747, 0, 3}) in.emplace_back(size, 'a');
  for (std::size_t left = 0; left < 20; ++left) in.emplace_back(32768 - 14 - left, 'b');
  for (const std::string& record : in) file += report::wandb_frames(record, file.size());
  report::WandbRecords records(file);
  for (const std::string& record : in) {
    const auto out = records.next();
    REQUIRE(out);
    CHECK((*out == record));
  }
  CHECK_FALSE(records.next());
  CHECK(records.end() == file.size());
}

TEST_CASE("a broken .wandb record is not read, nor what follows it") {
  std::string file(report::kWandbHead);
  const std::size_t begin = file.size();
  file += report::wandb_frames("some bytes", begin);
  const std::size_t end = file.size();
  file += report::wandb_frames("more", end);
  for (std::size_t i = begin; i < end; ++i) {
    std::string broken = file;
    broken[i] = static_cast<char>(broken[i] ^ 4);
    report::WandbRecords records(broken);
    CHECK_FALSE(records.next());
    CHECK(records.end() == begin);
  }
  for (std::size_t size = 0; size < begin; ++size) {
    report::WandbRecords records(std::string_view(file).substr(0, size));
    CHECK_FALSE(records.next());
    CHECK(records.end() == 0);
  }
}

TEST_CASE("a .wandb file cut at any byte goes on without a gap, a double or half a record") {
  const test::TempFolder folder;
  fs::create_directory(folder / "run");
  train(folder / "run", 0, 5, 0);
  const std::string whole = read_text(file_in(folder / "run"));
  REQUIRE(contents_of(folder / "run").rows ==
          std::vector<std::string>{"1", "2", "2 val", "3", "4", "4 val", "5"});
  const std::vector<std::string> expected{"3", "4", "4 val", "5", "6", "6 val"};
  for (std::size_t size = 0; size <= whole.size(); size += 7) {
    fs::resize_file(file_in(folder / "run"), 0);
    std::ofstream(file_in(folder / "run"), std::ios::binary) << whole.substr(0, size);
    folder.write("run/log.txt", "step 1\nstep 2\nstep 3\nstep 4\nstep 5\n");
    // The checkpoint is that of step 2, and its evaluation is made again.
    train(folder / "run", 2, 6, 1);
    const Contents contents = contents_of(folder / "run");
    CHECK(contents.runs == 1);
    CHECK(contents.exits == 0);
    // Rows up to the checkpoint as far as they had been written; the evaluation of step 2 is gone.
    REQUIRE(contents.rows.size() >= expected.size());
    const std::size_t before = contents.rows.size() - expected.size();
    CHECK(before <= 2);
    for (std::size_t i = 0; i < before; ++i) CHECK(contents.rows[i] == std::to_string(i + 1));
    CHECK(std::equal(expected.begin(), expected.end(), contents.rows.end() - 6));
    // Each line of the log once, those of steps done twice among them.
    CHECK(contents.lines == std::vector<std::string>{"step 1\n", "step 2\n", "step 3\n", "step 4\n",
                                                     "step 5\n", "step 3\n", "step 4\n", "step 5\n",
                                                     "step 6\n"});
  }
}

TEST_CASE("a run that has ended for Weights & Biases goes on, and is uploaded again") {
  const test::TempFolder folder;
  const fs::path log = folder / "log.txt";
  const report::WandbOptions options{.name = "run", .config = kConfig};
  report::WandbRun(folder.path(), log, options, 0, 0).end(false, 12);
  CHECK(contents_of(folder.path()).exits == 1);
  const std::string uploaded = file_in(folder.path()).string() + ".synced";
  std::ofstream(uploaded) << "";
  report::WandbRun(folder.path(), log, options, 0, 0).end(true, 34);
  CHECK(contents_of(folder.path()).exits == 1);
  CHECK(contents_of(folder.path()).runs == 1);
  CHECK_FALSE(fs::exists(uploaded));
}

TEST_CASE("Weights & Biases' own client uploads every value that was written") {
  const auto python = test::python_with("wandb", "IMGCLS_WANDB_PYTHON");
  if (!python) IMGCLS_SKIP("IMGCLS_WANDB_PYTHON names no Python with wandb");
  const test::TempFolder folder;
  const fs::path log = folder / "log.txt";
  const report::WandbOptions options{.project = "seeds", .name = "seed-3", .config = kConfig};
  const double inf = std::numeric_limits<double>::infinity();
  const std::vector<double> awkward{0,   -0.0,   5e-324, 1.7976931348623157e308, 0.1, inf,
                                    NAN, 1 / 3., 1e21,   9007199254740993.0};
  {
    report::WandbRun run(folder.path(), log, options, 0, 0);
    for (std::size_t i = 0; i < awkward.size(); ++i) {
      run.step({.step = static_cast<std::int64_t>(i + 1),
                .epoch = 1,
                .time_s = 0.5,
                .loss = awkward[i]});
    }
    run.step({.step = 11, .epoch = 1, .loss = 3});  // lost with what follows
    run.end(false, 1);
  }
  std::ofstream(log) << "one line\nand \xC3\xA9, no UTF-8: \xFF\n";
  report::WandbRun run(folder.path(), log, options, 10, 10);
  // More than a block.
  for (std::int64_t step = 11; step <= 300; ++step) {
    run.step({.step = step, .epoch = 2, .loss = 1.0 / static_cast<double>(step)});
  }
  run.evaluation({.epoch = 2,
                  .step = 300,
                  .train_loss = 1.5,
                  .val_loss = 2.25,
                  .val_acc1 = 100 / 3.,
                  .val_acc5 = 50,
                  .time_s = 7.5,
                  .checkpoint_dir = {}});
  run.end(true, 8);
  const std::string script = IMGCLS_SOURCE_DIR "/tests/log/sync_wandb.py ";
  CHECK(std::system(
            (*python + " " + script + report::wandb_folders(folder.path())[0].string()).c_str()) ==
        0);
}
