#pragma once
// A JSON file of a run's folder. Internal to imgcls::report.

#include <filesystem>
#include <nlohmann/json.hpp>

namespace imgcls::report {

/// The object in a file; null where the file is missing. Throws IoError, and DataError naming the
/// file where it is no JSON object.
nlohmann::json read_json_object(const std::filesystem::path& path);

}  // namespace imgcls::report
