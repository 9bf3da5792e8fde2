#pragma once
// The page of a report: one HTML file that asks no other computer for anything.

#include <nlohmann/json.hpp>
#include <string>

namespace imgcls::report {

/// JSON as text that may stand in a <script> of a page: no "<" in it, and valid UTF-8, whatever the
/// names of classes and files are.
std::string json_text(const nlohmann::json& json);

/// The page that shows `report` (report_json.h).
std::string page_html(const nlohmann::json& report);

}  // namespace imgcls::report
