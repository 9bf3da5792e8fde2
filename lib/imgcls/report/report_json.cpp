#include <imgcls/report/config_json.h>
#include <imgcls/report/curves.h>
#include <imgcls/report/eval_json.h>
#include <imgcls/report/recipe.h>
#include <imgcls/report/report_json.h>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <ctime>
#include <utility>
#include <vector>

namespace imgcls::report {
namespace {

using nlohmann::json;

// More points than pixels show nothing.
constexpr std::size_t kMostPoints = 1000;

json number_json(double number) {
  return std::isfinite(number) ? json(number) : json();
}

json spread_json(const Spread& spread) {
  return {{"mean", number_json(spread.mean)}, {"sd", number_json(spread.sd)}};
}

/// {mean: [...], sd: [...]} of one figure of all points.
template <typename Point>
json column_json(std::span<const Point> points, Spread Point::*figure) {
  json means = json::array(), deviations = json::array();
  for (const Point& point : points) {
    means.push_back(number_json((point.*figure).mean));
    deviations.push_back(number_json((point.*figure).sd));
  }
  return {{"mean", std::move(means)}, {"sd", std::move(deviations)}};
}

template <typename Point, typename Get>
json list_json(std::span<const Point> points, Get get) {
  json list = json::array();
  for (const Point& point : points) list.push_back(get(point));
  return list;
}

json evaluations_json(std::span<const EvaluationPoint> points) {
  return {{"step", list_json(points, [](const EvaluationPoint& p) { return p.step; })},
          {"epoch", list_json(points, [](const EvaluationPoint& p) { return p.epoch; })},
          {"n", list_json(points, [](const EvaluationPoint& p) { return p.val_loss.n; })},
          {"time", column_json(points, &EvaluationPoint::time_s)},
          {"train_loss", column_json(points, &EvaluationPoint::train_loss)},
          {"val_loss", column_json(points, &EvaluationPoint::val_loss)},
          {"acc1", column_json(points, &EvaluationPoint::val_acc1)},
          {"acc5", column_json(points, &EvaluationPoint::val_acc5)},
          {"map", column_json(points, &EvaluationPoint::val_map)}};
}

json steps_json(const StepCurve& curve) {
  const std::span<const StepPoint> points = curve.points;
  return {{"rows_per_point", curve.rows_per_point},
          {"step", list_json(points, [](const StepPoint& p) { return p.step; })},
          {"n", list_json(points, [](const StepPoint& p) { return p.loss.n; })},
          {"loss", column_json(points, &StepPoint::loss)},
          {"lr", column_json(points, &StepPoint::lr)},
          {"grad_norm", column_json(points, &StepPoint::grad_norm)},
          {"images_per_second", column_json(points, &StepPoint::images_per_second)},
          {"data_wait", column_json(points, &StepPoint::data_wait)},
          {"memory", column_json(points, &StepPoint::memory_mib)}};
}

json final_json(const EvaluationPoint& point) {
  if (point.val_loss.n == 0) return nullptr;
  return {{"n", point.val_loss.n},
          {"epoch", point.epoch},
          {"step", point.step},
          {"time", spread_json(point.time_s)},
          {"train_loss", spread_json(point.train_loss)},
          {"val_loss", spread_json(point.val_loss)},
          {"acc1", spread_json(point.val_acc1)},
          {"acc5", spread_json(point.val_acc5)},
          {"map", spread_json(point.val_map)}};
}

/// A whole number of the configuration; `otherwise` where it is not there.
std::int64_t config_number(const Run& run, const char* section, const char* key,
                           std::int64_t otherwise) {
  if (!run.config.is_object() || !run.config.contains(section)) return otherwise;
  const json& values = run.config.at(section);
  if (!values.is_object() || !values.contains(key) || !values.at(key).is_number_integer()) {
    return otherwise;
  }
  return values.at(key).get<std::int64_t>();
}

bool is_complete(const Run& run) {
  if (run.evaluations.empty()) return false;
  const std::int64_t epochs = config_number(run, "train", "epochs", 0);
  const std::int64_t steps = config_number(run, "train", "max_steps", 0);
  return (epochs > 0 && run.evaluations.back().epoch >= epochs) ||
         (steps > 0 && run.evaluations.back().step >= steps);
}

/// By what a run's evaluations are compared.
const char* best_key(const Run& run) {
  return run.multi_label ? "best_map" : "best_acc1";
}

json group_json(std::span<const Run> runs, const Group& group) {
  const std::int64_t epochs = config_number(runs[group.runs.front()], "train", "epochs", 0);
  return {{"label", group.label},
          {"runs", group.runs},
          {"planned_epochs", epochs > 0 ? json(epochs) : json()},
          {"final", final_json(final_point(runs, group))},
          {"multi_label", runs[group.runs.front()].multi_label},
          {best_key(runs[group.runs.front()]), spread_json(best_of(runs, group))},
          {"evaluations", evaluations_json(evaluation_curve(runs, group))},
          {"steps", steps_json(step_curve(runs, group, kMostPoints))}};
}

json run_evaluations_json(const Run& run) {
  const std::span<const TrainLogRow> rows = run.evaluations;
  const auto numbers = [&](double TrainLogRow::*member) {
    return list_json(rows, [&](const TrainLogRow& row) { return number_json(row.*member); });
  };
  return {{"epoch", list_json(rows, [](const TrainLogRow& row) { return row.epoch; })},
          {"step", list_json(rows, [](const TrainLogRow& row) { return row.step; })},
          {"time", numbers(&TrainLogRow::time_s)},
          {"train_loss", numbers(&TrainLogRow::train_loss)},
          {"val_loss", numbers(&TrainLogRow::val_loss)},
          {"acc1", numbers(&TrainLogRow::val_acc1)},
          {"acc5", numbers(&TrainLogRow::val_acc5)},
          {"map", numbers(&TrainLogRow::val_map)}};
}

json run_json(const Run& run, std::size_t group) {
  json best, last;
  if (!run.evaluations.empty()) {
    const TrainLogRow& row = best_evaluation(run);
    best = {{"value", number_json(row.*compared(run))}, {"epoch", row.epoch}};
    const TrainLogRow& end = run.evaluations.back();
    last = {{"epoch", end.epoch},
            {"step", end.step},
            {"time", number_json(end.time_s)},
            {"train_loss", number_json(end.train_loss)},
            {"val_loss", number_json(end.val_loss)},
            {"acc1", number_json(end.val_acc1)},
            {"acc5", number_json(end.val_acc5)},
            {"map", number_json(end.val_map)}};
  }
  const std::int64_t seed = config_number(run, "train", "seed", -1);
  return {{"name", run.name},
          {"group", group},
          {"seed", seed >= 0 ? json(seed) : json()},
          {"complete", is_complete(run)},
          {"steps_done", std::max(run.steps.empty() ? 0 : run.steps.back().step,
                                  run.evaluations.empty() ? 0 : run.evaluations.back().step)},
          {"final", std::move(last)},
          {"multi_label", run.multi_label},
          {best_key(run), std::move(best)},
          {"evaluations", run_evaluations_json(run)},
          {"classes", run.classes},
          {"eval", run.eval ? eval_json(*run.eval) : json()},
          {"augmented", augmented_json(run.augmented)}};
}

std::string title_of(std::span<const Group> groups) {
  if (groups.size() == 1) return groups.front().label;
  return fmt::format("{} recipes compared", groups.size());
}

}  // namespace

json report_json(std::span<const Run> runs, const ReportOptions& options) {
  const std::vector<Group> groups = group_runs(runs);
  std::vector<std::size_t> group_of(runs.size());
  json group_list = json::array(), run_list = json::array();
  for (std::size_t i = 0; i < groups.size(); ++i) {
    group_list.push_back(group_json(runs, groups[i]));
    for (const std::size_t run : groups[i].runs) group_of[run] = i;
  }
  for (std::size_t i = 0; i < runs.size(); ++i) run_list.push_back(run_json(runs[i], group_of[i]));
  return {{"format", 1},
          {"title", options.title.empty() ? title_of(groups) : options.title},
          {"made", fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::time(nullptr)))},
          {"live", options.live_s > 0 ? json(options.live_s) : json()},
          {"groups", std::move(group_list)},
          {"runs", std::move(run_list)},
          {"config", config_json(runs)},
          {"environment", environment_json(runs)}};
}

}  // namespace imgcls::report
