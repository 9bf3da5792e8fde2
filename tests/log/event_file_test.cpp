// TensorBoard's event files: framing, what is left after a kill, and what TensorBoard itself reads.
#include "../support/python_with.h"
#include "../support/skip.h"
#include "../support/temp_folder.h"

#include <imgcls/core/file.h>
#include <imgcls/log/crc32c.h>
#include <imgcls/log/event_file.h>
#include <imgcls/log/tf_record.h>

#include <paths.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <protozero/pbf_reader.hpp>
#include <vector>

using namespace imgcls;
namespace fs = std::filesystem;

namespace {

std::size_t count_of(std::string_view text, std::string_view word) {
  std::size_t count = 0;
  for (std::size_t at = text.find(word); at != text.npos; at = text.find(word, at + 1)) ++count;
  return count;
}

/// The steps of a folder's events that hold figures, in the order of files; every record must be
/// whole.
std::vector<std::int64_t> steps_in(const fs::path& folder) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder)) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  std::vector<std::int64_t> steps;
  for (const fs::path& file : files) {
    const std::string text = read_text(file);
    std::string_view rest = text;
    while (const auto record = report::next_tf_record(rest)) {
      protozero::pbf_reader event(record->data(), record->size());
      std::int64_t step = 0;
      bool figures = false;
      while (event.next()) {
        if (event.tag() == 2) {
          step = event.get_int64();
        } else {
          figures = figures || event.tag() == 5;
          event.skip();
        }
      }
      if (figures) steps.push_back(step);
    }
    CHECK(rest.empty());
  }
  return steps;
}

fs::path only_file(const fs::path& folder) {
  return fs::directory_iterator(folder)->path();
}

}  // namespace

TEST_CASE("CRC-32C is that of RFC 3720") {
  CHECK(report::crc32c("123456789") == 0xE3069283);
  CHECK(report::crc32c(std::string(32, '\0')) == 0x8A9136AA);
  CHECK(report::crc32c(std::string(32, '\xFF')) == 0x62A8AB43);
}

TEST_CASE("records come out as they went in, and broken ones do not") {
  const std::string two = report::tf_record("one") + report::tf_record("");
  std::string_view rest = two;
  CHECK(report::next_tf_record(rest) == "one");
  CHECK(report::next_tf_record(rest) == "");
  CHECK_FALSE(report::next_tf_record(rest));
  const std::string record = report::tf_record("some bytes");
  for (std::size_t i = 0; i < record.size(); ++i) {
    rest = std::string_view(record).substr(0, i);
    CHECK_FALSE(report::next_tf_record(rest));
    std::string flipped = record;
    flipped[i] = static_cast<char>(flipped[i] ^ 4);
    rest = flipped;
    CHECK_FALSE(report::next_tf_record(rest));
  }
}

TEST_CASE("event files cut at any byte go on without a gap, a double or half an event") {
  const test::TempFolder folder;
  {
    report::EventFile events(folder / "whole", 0);
    for (int step = 1; step <= 5; ++step) events.scalar("loss", step, 1.0 / step);
  }
  const std::string text = read_text(only_file(folder / "whole"));
  const std::string name = only_file(folder / "whole").filename();
  for (std::size_t size = 0; size <= text.size(); ++size) {
    const fs::path killed = folder / std::to_string(size);
    make_folders(killed);
    std::ofstream(killed / name, std::ios::binary) << text.substr(0, size);
    // What reached the disk before step 4; the checkpoint is that of step 3.
    const auto before = [&] {
      std::string_view rest = std::string_view(text).substr(0, size);
      std::int64_t whole = -1;  // the version
      while (report::next_tf_record(rest)) ++whole;
      return std::clamp<std::int64_t>(whole, 0, 3);
    }();
    {
      report::EventFile events(killed, 3);
      events.scalar("loss", 4, 0.25);
      events.flush();
    }
    std::vector<std::int64_t> expected;
    for (std::int64_t step = 1; step <= before; ++step) expected.push_back(step);
    expected.push_back(4);
    CHECK(steps_in(killed) == expected);
  }
}

TEST_CASE("what an evaluation wrote stays once, whether it is made again or not") {
  for (const bool again : {false, true}) {
    const test::TempFolder folder;
    {
      report::EventFile events(folder / "run", 0);
      for (int step = 1; step <= 5; ++step) events.scalar("loss", step, 1);
      events.flush();
    }
    {  // stopped before the evaluation, which this session makes, before it is killed
      report::EventFile events(folder / "run", 5, "epoch_loss");
      events.text("config", 5, "| key | value |");
      events.scalar("epoch_loss", 5, 0.5);
      events.scalar("loss", 6, 1);
      events.flush();
    }
    {
      report::EventFile events(folder / "run", 5, again ? "epoch_loss" : "");
      if (again) events.scalar("epoch_loss", 5, 0.5);
      for (int step = 6; step <= 8; ++step) events.scalar("loss", step, 1);
      events.flush();
    }
    std::string all;
    for (const auto& entry : std::filesystem::directory_iterator(folder / "run")) {
      all += read_text(entry.path());
    }
    INFO(again);
    CHECK(count_of(all, "epoch_loss") == 1);
    CHECK(count_of(all, "loss") == 1 + 8);
  }
}

TEST_CASE("a histogram counts every finite value once, in TensorBoard's buckets") {
  const float inf = HUGE_VALF;
  const std::vector<float> values{0, 0, -1, 1, 2.5F, 1e-20F, -3e30F, 3e30F, inf, NAN};
  const report::Histogram histogram = report::make_histogram(values);
  CHECK(histogram.count == 8);
  CHECK(histogram.min == -3e30F);
  CHECK(histogram.max == 3e30F);
  double counted = 0;
  for (const double count : histogram.counts) counted += count;
  CHECK(counted == 8);
  REQUIRE(histogram.limits.size() == histogram.counts.size());
  CHECK(std::is_sorted(histogram.limits.begin(), histogram.limits.end()));
  CHECK(std::isfinite(histogram.limits.back()));
  CHECK(report::make_histogram({}).limits.empty());
}

TEST_CASE("TensorBoard reads every value that was written") {
  const auto python = test::python_with("tensorboard", "IMGCLS_TENSORBOARD_PYTHON");
  if (!python) IMGCLS_SKIP("IMGCLS_TENSORBOARD_PYTHON names no Python with tensorboard");
  const test::TempFolder folder;
  {
    report::EventFile events(folder / "run", 0);
    const double awkward[] = {0, -0.0, 1e-45, 3.4028234e38, 0.1, HUGE_VAL, 16777217};
    for (int i = 0; i < 7; ++i) events.scalar("awkward", i + 1, awkward[i]);
    for (int step = 8; step < 12; ++step) events.scalar("lost", step, 1);
  }
  report::EventFile events(folder / "run", 9);
  events.scalar("lost", 10, 2);
  events.text("config", 10, "| key | value |");
  const report::Picture picture{3, 2, "not looked at"};
  events.pictures("picture", 10, std::vector{picture, picture});
  const std::vector<float> values{-1, 0, 0, 2};
  events.histogram("weights", 10, report::make_histogram(values));
  events.hyperparameters(
      std::vector<report::Hyperparameter>{{"lr", 0.1}, {"flip", true}, {"model", "resnet18"}},
      "acc1");
  const std::string script = IMGCLS_SOURCE_DIR "/tests/log/read_events.py";
  CHECK(std::system((*python + " " + script + " " + (folder / "run").string()).c_str()) == 0);
}
