#include <imgcls/log/csv_rows.h>

#include <charconv>

namespace imgcls::report {
namespace {

/// The number in a line's column; -1 where there is none.
std::int64_t number_in(std::string_view line, std::size_t column) {
  for (; column > 0; --column) {
    const std::size_t comma = line.find(',');
    if (comma == std::string_view::npos) return -1;
    line.remove_prefix(comma + 1);
  }
  std::int64_t number = -1;
  std::from_chars(line.data(), line.data() + line.size(), number);
  return number;
}

}  // namespace

std::string rows_up_to(std::string_view text, std::size_t column, std::int64_t step) {
  std::string kept;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) break;
    const std::int64_t row_step = number_in(text.substr(0, end), column);
    if (row_step >= 0 && row_step <= step) kept += text.substr(0, end + 1);
    text.remove_prefix(end + 1);
  }
  return kept;
}

}  // namespace imgcls::report
