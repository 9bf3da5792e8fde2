#pragma once
// The part of a report that tells of single classes and images. Internal to imgcls::report.

#include <imgcls/report/read_eval.h>

#include <nlohmann/json.hpp>
#include <span>

namespace imgcls::report {

/// `eval` of report_json.h.
nlohmann::json eval_json(const EvalFiles& eval);

/// `augmented` of report_json.h.
nlohmann::json augmented_json(std::span<const TrainingImage> images);

}  // namespace imgcls::report
