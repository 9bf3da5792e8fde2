#pragma once
// The part of a report that tells of single classes and images. Internal to imgcls::report.

#include <imgcls/report/read_eval.h>

#include <nlohmann/json.hpp>

namespace imgcls::report {

/// `eval` of report_json.h.
nlohmann::json eval_json(const EvalFiles& eval);

}  // namespace imgcls::report
