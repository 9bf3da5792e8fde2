// Profiles: what is recorded of steps, tables, and the spans of steps that are asked for.
#include "../support/temp_folder.h"

#include <imgcls/core/error.h>
#include <imgcls/core/file.h>
#include <imgcls/dist/step_ranges.h>
#include <imgcls/dist/world.h>
#include <imgcls/train/step_profile.h>

#include <ATen/ops/ones.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <nlohmann/json.hpp>
#include <set>
#include <thread>

using namespace imgcls;
using Catch::Matchers::Contains;
using train::StepProfiler;

namespace {

void rest() {
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
}

void step() {
  const StepRange whole(ranges::kStep);
  {
    const StepRange range(ranges::kForward);
    rest();
  }
  at::ones({3}).add_(1);
  rest();
}

std::set<std::string> names_in(const std::filesystem::path& trace) {
  std::set<std::string> names;
  const auto all = nlohmann::json::parse(read_text(trace));
  for (const auto& event : all.at("traceEvents")) names.insert(event.at("name").get<std::string>());
  return names;
}

}  // namespace

TEST_CASE("a profile adds up the ranges of its steps, and of no others") {
  StepProfiler profiler(StepProfiler::Detail::ranges);
  step();
  profiler.start();
  CHECK(profiler.is_running());
  step();
  step();
  step();
  const train::StepTimes times = profiler.stop();
  CHECK_FALSE(profiler.is_running());
  step();
  CHECK(times.steps == 3);
  CHECK(times.forward >= 0.06);
  CHECK(times.step >= times.forward + 0.06);
  CHECK(times.other() >= 0.06);
  CHECK(times.backward == 0);
  CHECK(times.reduce == 0);
}

TEST_CASE("a trace holds operators where everything is asked for, else the ranges alone") {
  const test::TempFolder folder;
  StepProfiler everything(StepProfiler::Detail::everything);
  everything.start();
  step();
  everything.stop(folder / "a/all.json");
  const auto all = names_in(folder / "a/all.json");
  CHECK(all.count("forward") == 1);
  CHECK(all.count("aten::add_") == 1);

  StepProfiler ranges_alone(StepProfiler::Detail::ranges);
  ranges_alone.start();
  step();
  ranges_alone.stop(folder / "few.json");
  const auto few = names_in(folder / "few.json");
  CHECK(few.count("forward") == 1);
  CHECK(few.count("aten::add_") == 0);

  folder.write("file", "");
  everything.start();
  step();
  CHECK_THROWS_AS(everything.stop(folder / "file/trace.json"), IoError);
}

TEST_CASE("the table of a profile has a line for each part, and shares of the step") {
  const train::StepTimes times{.steps = 2,
                               .step = 0.4,
                               .data_wait = 0.02,
                               .input = 0.02,
                               .forward = 0.1,
                               .backward = 0.2,
                               .optimizer = 0.04,
                               .reduce = 0.06};
  const std::vector<std::string> expected{"| part | ms a step | of the step |",
                                          "| --- | --- | --- |",
                                          "| data wait | 10.00 | 5.0 % |",
                                          "| input | 10.00 | 5.0 % |",
                                          "| forward | 50.00 | 25.0 % |",
                                          "| backward | 100.00 | 50.0 % |",
                                          "| optimizer | 20.00 | 10.0 % |",
                                          "| other | 10.00 | 5.0 % |",
                                          "| step | 200.00 | 100.0 % |",
                                          "| reduce, beside the backward pass | 30.00 | 15.0 % |"};
  CHECK(train::table(times) == expected);
  CHECK(train::table({}).size() == 2);
}

TEST_CASE("spans of steps are FIRST-LAST, from 1") {
  const auto span = [](std::string_view text) {
    const train::StepSpan span = train::parse_step_span(text);
    return std::pair(span.first, span.last);
  };
  CHECK(span("66-74") == std::pair<std::int64_t, std::int64_t>(66, 74));
  CHECK(span("5") == std::pair<std::int64_t, std::int64_t>(5, 5));
  CHECK(span("") == std::pair<std::int64_t, std::int64_t>(0, 0));
  for (const char* wrong :
       {"0-3", "7-3", "-3", "3-", "a", "1-2-3", " 1-2", "1 - 2", "99999999999999999999"}) {
    CHECK_THROWS_AS(span(wrong), ConfigError);
    CHECK_THROWS_WITH(span(wrong), Contains("must be") && Contains("66-74") && Contains(wrong));
  }
}
