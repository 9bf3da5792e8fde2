#include <imgcls/core/error.h>
#include <imgcls/core/file.h>
#include <imgcls/core/json_text.h>
#include <imgcls/report/json_file.h>

#include <fmt/format.h>

namespace imgcls::report {

nlohmann::json read_json_object(const std::filesystem::path& path) {
  if (!std::filesystem::exists(path)) return nullptr;
  try {
    nlohmann::json object = parse_json(read_text(path));
    if (object.is_object()) return object;
  } catch (const DataError& e) {
    throw DataError(fmt::format("{}: {}", path.string(), e.what()));
  }
  throw DataError(fmt::format("{}: expected a JSON object", path.string()));
}

}  // namespace imgcls::report
