#include <imgcls/core/utf8.h>

#include <nlohmann/json.hpp>

namespace imgcls {

std::string to_utf8(std::string_view text) {
  using nlohmann::json;
  const std::string quoted = json(text).dump(-1, ' ', false, json::error_handler_t::replace);
  return json::parse(quoted).get<std::string>();
}

bool is_utf8(std::string_view text) {
  return to_utf8(text) == text;
}

}  // namespace imgcls
