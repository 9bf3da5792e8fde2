#pragma once
// JSON from files that anybody may have written (a run's folder, a checkpoint), and its numbers.

#include <imgcls/core/error.h>

#include <cmath>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>

namespace imgcls {

/// Objects and lists may lie in each other so deep: what copies, compares and writes JSON calls
/// itself once a level.
inline constexpr int kMaxJsonDepth = 64;

/// Parses a text. Throws DataError with what is wrong ("broken JSON: ..."), for the caller to say
/// where: nesting deeper than kMaxJsonDepth among it.
template <class Json = nlohmann::json>
Json parse_json(std::string_view text) {
  bool deep = false;
  using Event = typename Json::parse_event_t;
  const auto watch = [&](int around, Event event, Json&) {
    const bool opens = event == Event::object_start || event == Event::array_start;
    deep = deep || (opens && around >= kMaxJsonDepth);
    return !deep;  // false: it is dropped
  };
  try {
    Json parsed = Json::parse(text, watch);
    if (!deep) return parsed;
  } catch (const typename Json::exception& e) {
    throw DataError(std::string("broken JSON: ") + e.what());
  }
  throw DataError("broken JSON: nested deeper than " + std::to_string(kMaxJsonDepth));
}

/// `value` with its whole numbers as integers, also in lists and objects: equal numbers then have
/// equal texts.
inline nlohmann::json without_fraction(nlohmann::json value) {
  if (value.is_structured()) {
    for (nlohmann::json& each : value) each = without_fraction(std::move(each));
  } else if (value.is_number_float()) {
    const auto number = value.get<double>();
    const bool whole = number == std::trunc(number) && std::abs(number) < 0x1p63;
    if (whole) return static_cast<std::int64_t>(number);
  }
  return value;
}

}  // namespace imgcls
