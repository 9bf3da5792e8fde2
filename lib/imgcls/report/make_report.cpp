#include <imgcls/core/file.h>
#include <imgcls/report/curves.h>
#include <imgcls/report/make_report.h>
#include <imgcls/report/page.h>
#include <imgcls/report/plot.h>
#include <imgcls/report/recipe.h>

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace imgcls::report {
namespace {

struct Figure {
  const char* file;
  const char* y_label;
  Spread EvaluationPoint::*accuracy;
  bool over_time;
};

constexpr std::array<Figure, 6> kFigures{
    {{"step_vs_acc1.png", "top-1 accuracy, %", &EvaluationPoint::val_acc1, false},
     {"step_vs_acc5.png", "top-5 accuracy, %", &EvaluationPoint::val_acc5, false},
     {"time_vs_acc1.png", "top-1 accuracy, %", &EvaluationPoint::val_acc1, true},
     {"time_vs_acc5.png", "top-5 accuracy, %", &EvaluationPoint::val_acc5, true},
     {"step_vs_map.png", "mean average precision, %", &EvaluationPoint::val_map, false},
     {"time_vs_map.png", "mean average precision, %", &EvaluationPoint::val_map, true}}};

struct TimeUnit {
  const char* label;
  double seconds;
};

TimeUnit time_unit(std::span<const Run> runs) {
  double longest = 0;
  for (const Run& run : runs) {
    if (!run.evaluations.empty()) longest = std::max(longest, run.evaluations.back().time_s);
  }
  if (longest < 180) return {"seconds", 1};
  return longest < 2 * 3600 ? TimeUnit{"minutes", 60} : TimeUnit{"hours", 3600};
}

PlotLine line_of(std::span<const Run> runs, const Group& group, const Figure& figure,
                 double time_unit) {
  PlotLine line;
  line.label = group.runs.size() > 1 ? fmt::format("{} (n = {})", group.label, group.runs.size())
                                     : group.label;
  for (const EvaluationPoint& point : evaluation_curve(runs, group)) {
    const Spread& accuracy = point.*figure.accuracy;
    line.points.push_back(
        {.x = figure.over_time ? point.time_s.mean / time_unit : static_cast<double>(point.step),
         .y = accuracy.mean,
         .band = 2 * accuracy.sd});
  }
  return line;
}

}  // namespace

std::string make_report(std::span<const Run> runs, const ReportOptions& options) {
  return page_html(report_json(runs, options));
}

void write_report(std::span<const Run> runs, const std::filesystem::path& html,
                  const ReportOptions& options) {
  if (html.has_parent_path()) make_folders(html.parent_path());
  replace_file(html, make_report(runs, options));
}

std::vector<std::filesystem::path> write_plots(std::span<const Run> runs,
                                               const std::filesystem::path& folder) {
  make_folders(folder);
  const std::vector<Group> groups = group_runs(runs);
  const TimeUnit unit = time_unit(runs);
  const bool bands = std::any_of(groups.begin(), groups.end(),
                                 [](const Group& group) { return group.runs.size() > 1; });
  std::vector<std::filesystem::path> written;
  const bool has_top5 = std::any_of(runs.begin(), runs.end(), [](const Run& run) {
    return run.classes == 0 || run.classes > 5;  // of fewer, each is among the five
  });
  for (const Figure& figure : kFigures) {
    if (figure.accuracy == &EvaluationPoint::val_acc5 && !has_top5) continue;
    const bool multi_label = figure.accuracy == &EvaluationPoint::val_map;
    const auto has_it = [&](const Group& group) {
      return runs[group.runs.front()].multi_label == multi_label;
    };
    if (std::ranges::none_of(groups, has_it)) continue;
    Plot plot{.title = bands ? "Validation accuracy, mean ± 2 sample standard deviations"
                             : "Validation accuracy",
              .x_label = figure.over_time ? unit.label : "step",
              .y_label = figure.y_label,
              .least = 0,
              .most = 100,
              .lines = {}};
    for (const Group& group : groups) {
      if (!has_it(group)) continue;
      plot.lines.push_back(line_of(runs, group, figure, unit.seconds));
    }
    written.push_back(folder / figure.file);
    write_plot(plot, written.back());
  }
  return written;
}

}  // namespace imgcls::report
