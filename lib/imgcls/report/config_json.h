#pragma once
// The parts of a report that set the runs' configurations and machines side by side. Internal to
// imgcls::report.

#include <imgcls/report/run_files.h>

#include <nlohmann/json.hpp>
#include <span>

namespace imgcls::report {

/// `config` of report_json.h.
nlohmann::json config_json(std::span<const Run> runs);

/// `environment` of report_json.h: all keys that any session has, the known ones first.
nlohmann::json environment_json(std::span<const Run> runs);

}  // namespace imgcls::report
