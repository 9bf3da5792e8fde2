#pragma once
// All figures of a report as one JSON document: what the page draws, and what `--serve` sends.
//
//   format       1
//   title, made  text; when it was made, "2026-11-25T07:00:00Z"
//   live         seconds from one reading to the next; null in a page to keep
//   groups[]     label, runs[] (their places), planned_epochs (or null), multi_label,
//                final {n, epoch, step, time, train_loss, val_loss, acc1, acc5, map}, best_acc1 (of
//                multi-label data best_map), evaluations {step[], epoch[], n[], and for time,
//                train_loss, val_loss, acc1, acc5, map: {mean[], sd[]}}, steps {rows_per_point,
//                step[], n[], and for loss, lr, grad_norm, images_per_second, data_wait, memory:
//                {mean[], sd[]}}
//   runs[]       name, group, seed (or null), complete, steps_done, final, multi_label, best_acc1
//                or best_map {value, epoch}, evaluations {epoch[], step[], time[], ...: number[]},
//                classes (their number; 0: not known), eval (or null), augmented[] {label, picture}
//   eval         summary, classes[] {name, images, right or ap}, confusion[] (rows, of few
//                classes) or null, confused[] {truth, predicted, images, of}, mistakes[] {name,
//                truth, predicted, probability, loss, thumbnail}
//   config[]     key, values[] (a run each, null where it has none), differs, free
//   environment[] key, sessions[] {run, value}
//
// Accuracies and mAP are per cent, ap is 0 to 1, times are seconds, sd is the sample standard
// deviation (n - 1), null where there are fewer than two runs. A number that is none (NaN,
// infinite) is null.

#include <imgcls/report/run_files.h>

#include <nlohmann/json.hpp>
#include <span>
#include <string>

namespace imgcls::report {

/// What a report is to be, besides its runs.
struct ReportOptions {
  std::string title;  ///< empty: after the model and the data of the runs
  int live_s = 0;     ///< seconds from one reading to the next of a page that is served; 0: to keep
};

/// Of runs as read_runs gives them, by the layout above.
nlohmann::json report_json(std::span<const Run> runs, const ReportOptions& options);

}  // namespace imgcls::report
