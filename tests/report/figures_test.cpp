// Groups of runs, their means and deviations, and the JSON that has them.
#include "../support/temp_folder.h"
#include "synthetic_run.h"

#include <imgcls/report/axis.h>
#include <imgcls/report/curves.h>
#include <imgcls/report/make_report.h>
#include <imgcls/report/page.h>
#include <imgcls/report/recipe.h>

#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

using namespace imgcls;
using nlohmann::json;

namespace {

report::Run run_with(const json& config, std::vector<double> accuracies) {
  report::Run run;
  run.config = config;
  run.name = "run";
  for (std::size_t i = 0; i < accuracies.size(); ++i) {
    const auto epoch = static_cast<int>(i) + 1;
    run.evaluations.push_back({.epoch = epoch,
                               .step = 10 * epoch,
                               .val_acc1 = accuracies[i],
                               .time_s = 2.0 * epoch + accuracies[i],
                               .checkpoint_dir = ""});
  }
  return run;
}

json config_of(int seed, double lr) {
  return {{"train", {{"seed", seed}, {"epochs", 3}}},
          {"optimizer", {{"lr", lr}}},
          {"log", {{"every", seed}}},
          {"run", {{"dir", fmt::format("runs/{}", seed)}}}};
}

}  // namespace

TEST_CASE("the standard deviation is the sample's") {
  const std::vector<double> numbers{2, 4, 4, 4, 5, 5, 7, 9};
  const report::Spread spread = report::spread_of(numbers);
  CHECK(spread.mean == 5);
  CHECK(spread.sd == Approx(std::sqrt(32.0 / 7)));
  CHECK(spread.n == 8);
  const report::Spread one = report::spread_of(std::vector<double>{3});
  CHECK(one.mean == 3);
  CHECK(std::isnan(one.sd));
  CHECK(std::isnan(report::spread_of({}).mean));
  const std::vector<double> with_none{1, std::numeric_limits<double>::quiet_NaN()};
  CHECK(std::isnan(report::spread_of(with_none).mean));
}

TEST_CASE("runs that differ in the seed and in what changes no result are of one recipe") {
  const std::vector<report::Run> runs{run_with(config_of(0, 0.1), {1}),
                                      run_with(config_of(1, 0.2), {1}),
                                      run_with(config_of(2, 0.1), {1})};
  const auto groups = report::group_runs(runs);
  REQUIRE(groups.size() == 2);
  CHECK(groups[0].runs == std::vector<std::size_t>{0, 2});
  CHECK(groups[1].runs == std::vector<std::size_t>{1});
  CHECK(groups[0].label == "lr 0.1");
  CHECK(groups[1].label == "lr 0.2");
}

TEST_CASE("runs without a configuration are not thrown together") {
  const std::vector<report::Run> runs{run_with(nullptr, {1}), run_with(nullptr, {1})};
  CHECK(report::group_runs(runs).size() == 2);
}

TEST_CASE("a group's points are of the runs that have them") {
  const std::vector<report::Run> runs{run_with(config_of(0, 0.1), {10, 20, 31}),
                                      run_with(config_of(1, 0.1), {14, 20})};
  const auto groups = report::group_runs(runs);
  REQUIRE(groups.size() == 1);
  const auto curve = report::evaluation_curve(runs, groups[0]);
  REQUIRE(curve.size() == 3);
  CHECK(curve[0].val_acc1.mean == 12);
  CHECK(curve[0].val_acc1.sd == Approx(std::sqrt(8.0)));
  CHECK(curve[0].time_s.mean == 14);
  CHECK(curve[1].val_acc1.sd == 0);
  CHECK(curve[2].val_acc1.n == 1);
  CHECK(std::isnan(curve[2].val_acc1.sd));
  CHECK(report::final_point(runs, groups[0]).val_acc1.mean == 31);
  CHECK(report::best_of(runs, groups[0]).n == 1);  // of the run that is as far
}

TEST_CASE("many rows of steps.csv are averaged, each run for itself") {
  report::Run a = run_with(config_of(0, 0.1), {}), b = run_with(config_of(1, 0.1), {});
  for (int step = 1; step <= 7; ++step) {
    a.steps.push_back({.step = step, .loss = 1.0 * step});
    if (step < 5) b.steps.push_back({.step = step, .loss = 3.0 * step});
  }
  const std::vector<report::Run> runs{a, b};
  const report::StepCurve curve = report::step_curve(runs, report::group_runs(runs)[0], 4);
  CHECK(curve.rows_per_point == 2);
  REQUIRE(curve.points.size() == 4);
  CHECK(curve.points[0].step == 2);
  CHECK(curve.points[0].loss.mean == (1.5 + 4.5) / 2);
  CHECK(curve.points[2].loss.mean == 5.5);
  CHECK(curve.points[2].loss.n == 1);
  CHECK(curve.points[3].step == 7);
  CHECK(curve.points[3].loss.mean == 7);
}

TEST_CASE("numbers that are none are null in the page") {
  const double none = std::numeric_limits<double>::quiet_NaN();
  const std::vector<report::Run> runs{run_with(config_of(0, 0.1), {none})};
  const json report = report::report_json(runs, {});
  CHECK(report.at("groups")[0].at("final").at("acc1").at("mean").is_null());
  CHECK(report.at("runs")[0].at("final").at("acc1").is_null());
}

TEST_CASE("the best of accuracies is a number where there is one") {
  const double none = std::numeric_limits<double>::quiet_NaN();
  for (const std::vector<double>& accuracies :
       {std::vector{none, 20.0, 30.0, none}, std::vector{30.0, none, 20.0},
        std::vector{none, 30.0}}) {
    const std::vector<report::Run> runs{run_with(config_of(0, 0.1), accuracies)};
    CHECK(report::best_of(runs, report::group_runs(runs)[0]).mean == 30);
    CHECK(report::report_json(runs, {}).at("runs")[0].at("best_acc1").at("value") == 30);
  }
}

TEST_CASE("a run under way has a page before its first evaluation") {
  std::vector<report::Run> runs{run_with(config_of(0, 0.1), {})};
  const json report = report::report_json(runs, {});
  CHECK(report.at("groups")[0].at("final").is_null());
  CHECK(report.at("runs")[0].at("complete") == false);
  CHECK(report::make_report(runs).find("</html>") != std::string::npos);
}

TEST_CASE("configurations side by side mark what differs") {
  const std::vector<report::Run> runs{run_with(config_of(0, 0.1), {1}),
                                      run_with(config_of(1, 0.2), {1})};
  const json report = report::report_json(runs, {});
  const auto row = [&](const std::string& key) {
    for (const json& item : report.at("config")) {
      if (item.at("key") == key) return item;
    }
    return json();
  };
  CHECK(row("optimizer.lr") ==
        json{{"key", "optimizer.lr"}, {"values", {0.1, 0.2}}, {"differs", true}, {"free", false}});
  CHECK(row("train.seed").at("free") == true);
  CHECK(row("run.dir").at("free") == true);
  CHECK(row("train.epochs").at("differs") == false);
}

TEST_CASE("no text of a run can leave its place in the page") {
  std::vector<report::Run> runs{run_with(config_of(0, 0.1), {1})};
  const std::string bad = "</script><script>alert(1)</script><!--\xff{{js}}";
  runs[0].name = bad;
  const std::string html = report::make_report(runs, {.title = bad + "\"&"});
  const auto count = [&](const std::string& what) {
    std::size_t found = 0;
    for (std::size_t at = html.find(what); at != std::string::npos; at = html.find(what, at + 1)) {
      ++found;
    }
    return found;
  };
  CHECK(count("</script>") == 3);
  CHECK(count("<script>") == 2);
  CHECK(count("alert(1)") == count("u003cscript>alert(1)") + count("&lt;script&gt;alert(1)"));
  CHECK(count("\xff") == 0);
  CHECK(count("<title>&lt;/script&gt;") == 1);
  CHECK(count("\"use strict\"") >= 1);
  CHECK(count("Chart.js v3") == 1);  // Chart.js's own comment
  CHECK(report::json_text(json{{"a", "<b>"}}) == R"({"a":"\u003cb>"})");
}

TEST_CASE("ticks stand at round numbers") {
  const report::Axis axis = report::make_axis(0, 1552, 8, false);
  CHECK(axis.high == 1552);
  CHECK(axis.ticks == std::vector<double>{0, 200, 400, 600, 800, 1000, 1200, 1400});
  const report::Axis round = report::make_axis(0.13, 0.58, 5, true);
  CHECK(round.low == Approx(0.1));
  CHECK(round.high == Approx(0.6));
  CHECK(round.digits == 1);
  CHECK(report::make_axis(5, 5, 5, true).ticks.size() > 1);
  CHECK(report::tick_text(12000, 0) == "12,000");
  CHECK(report::tick_text(-1234567, 0) == "-1,234,567");
  CHECK(report::tick_text(0.25, 2) == "0.25");
  CHECK(report::tick_text(1400, 0) == "1400");
}
