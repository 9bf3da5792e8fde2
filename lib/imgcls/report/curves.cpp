#include <imgcls/report/curves.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <set>

namespace imgcls::report {
namespace {

template <typename Row, typename Number>
Spread spread_over(std::span<const Row* const> rows, Number number) {
  std::vector<double> numbers;
  for (const Row* row : rows) numbers.push_back(number(*row));
  return spread_of(numbers);
}

EvaluationPoint point_of(std::span<const TrainLogRow* const> rows) {
  const auto over = [&](double TrainLogRow::*member) {
    return spread_over(rows, [&](const TrainLogRow& row) { return row.*member; });
  };
  return {.step = rows.front()->step,
          .epoch = rows.front()->epoch,
          .time_s = over(&TrainLogRow::time_s),
          .train_loss = over(&TrainLogRow::train_loss),
          .val_loss = over(&TrainLogRow::val_loss),
          .val_acc1 = over(&TrainLogRow::val_acc1),
          .val_acc5 = over(&TrainLogRow::val_acc5),
          .val_map = over(&TrainLogRow::val_map)};
}

double mean_of(std::span<const StepRow> rows, double StepRow::*member) {
  double sum = 0;
  for (const StepRow& row : rows) sum += row.*member;
  return sum / static_cast<double>(rows.size());
}

/// Rows of one run as one.
StepRow averaged(std::span<const StepRow> rows) {
  return {.step = rows.back().step,
          .epoch = rows.back().epoch,
          .time_s = rows.back().time_s,
          .loss = mean_of(rows, &StepRow::loss),
          .lr = mean_of(rows, &StepRow::lr),
          .grad_norm = mean_of(rows, &StepRow::grad_norm),
          .images_per_second = mean_of(rows, &StepRow::images_per_second),
          .data_wait = mean_of(rows, &StepRow::data_wait),
          .memory_mib = mean_of(rows, &StepRow::memory_mib)};
}

StepPoint point_of(std::int64_t step, std::span<const StepRow> rows) {
  std::vector<const StepRow*> pointers;
  for (const StepRow& row : rows) pointers.push_back(&row);
  const auto over = [&](double StepRow::*member) {
    return spread_over<StepRow>(pointers, [&](const StepRow& row) { return row.*member; });
  };
  return {.step = step,
          .loss = over(&StepRow::loss),
          .lr = over(&StepRow::lr),
          .grad_norm = over(&StepRow::grad_norm),
          .images_per_second = over(&StepRow::images_per_second),
          .data_wait = over(&StepRow::data_wait),
          .memory_mib = over(&StepRow::memory_mib)};
}

}  // namespace

Spread spread_of(std::span<const double> numbers) {
  Spread spread{.n = numbers.size()};
  if (numbers.empty()) return spread;
  const auto n = static_cast<double>(numbers.size());
  spread.mean = std::accumulate(numbers.begin(), numbers.end(), 0.0) / n;
  if (numbers.size() < 2) return spread;
  double squares = 0;
  for (const double number : numbers) squares += (number - spread.mean) * (number - spread.mean);
  spread.sd = std::sqrt(squares / (n - 1));
  return spread;
}

std::vector<EvaluationPoint> evaluation_curve(std::span<const Run> runs, const Group& group) {
  std::map<std::int64_t, std::vector<const TrainLogRow*>> by_step;
  for (const std::size_t run : group.runs) {
    for (const TrainLogRow& row : runs[run].evaluations) by_step[row.step].push_back(&row);
  }
  std::vector<EvaluationPoint> curve;
  curve.reserve(by_step.size());
  for (const auto& [step, rows] : by_step) curve.push_back(point_of(rows));
  return curve;
}

EvaluationPoint final_point(std::span<const Run> runs, const Group& group) {
  const std::vector<EvaluationPoint> curve = evaluation_curve(runs, group);
  return curve.empty() ? EvaluationPoint{} : curve.back();
}

double TrainLogRow::*compared(const Run& run) {
  return run.multi_label ? &TrainLogRow::val_map : &TrainLogRow::val_acc1;
}

const TrainLogRow& best_evaluation(const Run& run) {
  const auto figure = compared(run);
  return *std::max_element(run.evaluations.begin(), run.evaluations.end(),
                           [figure](const TrainLogRow& a, const TrainLogRow& b) {
                             if (std::isnan(b.*figure)) return false;
                             return std::isnan(a.*figure) || a.*figure < b.*figure;
                           });
}

Spread best_of(std::span<const Run> runs, const Group& group) {
  const std::int64_t furthest = final_point(runs, group).step;
  std::vector<double> best;
  for (const std::size_t run : group.runs) {
    const std::vector<TrainLogRow>& rows = runs[run].evaluations;
    if (rows.empty() || rows.back().step != furthest) continue;
    best.push_back(best_evaluation(runs[run]).*compared(runs[run]));
  }
  return spread_of(best);
}

StepCurve step_curve(std::span<const Run> runs, const Group& group, std::size_t most) {
  std::set<std::int64_t> steps;
  for (const std::size_t run : group.runs) {
    for (const StepRow& row : runs[run].steps) steps.insert(row.step);
  }
  StepCurve curve;
  curve.rows_per_point = std::max<std::size_t>(1, (steps.size() + most - 1) / most);
  std::size_t taken = 0;
  std::vector<std::span<const StepRow>> rest;
  for (const std::size_t run : group.runs) rest.emplace_back(runs[run].steps);
  for (const std::int64_t step : steps) {  // each is perhaps a bucket's last
    ++taken;
    if (taken % curve.rows_per_point != 0 && taken != steps.size()) continue;
    std::vector<StepRow> rows;
    for (std::span<const StepRow>& later : rest) {
      const auto end = std::find_if(later.begin(), later.end(),
                                    [&](const StepRow& row) { return row.step > step; });
      const auto count = static_cast<std::size_t>(end - later.begin());
      if (count > 0) rows.push_back(averaged(later.first(count)));
      later = later.subspan(count);
    }
    curve.points.push_back(point_of(step, rows));
  }
  return curve;
}

}  // namespace imgcls::report
