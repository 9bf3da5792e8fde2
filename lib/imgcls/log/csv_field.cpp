#include <imgcls/core/quoted_name.h>
#include <imgcls/log/csv_field.h>

namespace imgcls::report {

std::string csv_field(std::string_view text) {
  if (text.find_first_of(",\"\r\n") == std::string_view::npos) return std::string(text);
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + '"';
}

std::string csv_name(std::string_view name) {
  return csv_field(quote_name(name));
}

}  // namespace imgcls::report
