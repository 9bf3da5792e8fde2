#pragma once
// Reports of runs, for C++ programs; `imgcls report` is made of them. They belong to the CMake
// target imgcls::report, which needs no LibTorch.
//
//   const auto folders = report::find_runs(arguments);
//   const auto runs = report::read_runs(folders);
//   report::write_report(runs, "report.html", {.title = "Three seeds"});
//   report::write_plots(runs, "figures");

#include <imgcls/report/report_json.h>
#include <imgcls/report/run_files.h>

#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace imgcls::report {

/// The page as text: one HTML file that needs nothing beside it.
std::string make_report(std::span<const Run> runs, const ReportOptions& options = {});

/// Writes it, in one step. Throws IoError.
void write_report(std::span<const Run> runs, const std::filesystem::path& html,
                  const ReportOptions& options = {});

/// Draws step_vs_acc1.png, step_vs_acc5.png, time_vs_acc1.png and time_vs_acc5.png into `folder`,
/// which is made where it is missing; a line a group (recipe.h), with its band of two sample
/// standard deviations to either side. Returns their paths. Throws IoError.
std::vector<std::filesystem::path> write_plots(std::span<const Run> runs,
                                               const std::filesystem::path& folder);

}  // namespace imgcls::report
