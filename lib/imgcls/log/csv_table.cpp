#include <imgcls/core/error.h>
#include <imgcls/core/file.h>
#include <imgcls/log/csv_table.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <system_error>
#include <utility>

namespace imgcls::report {
namespace {

template <typename Number>
bool parse_all(std::string_view text, Number& number) {
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  return error == std::errc() && stop == end;
}

}  // namespace

std::vector<CsvTable::Row> CsvTable::parse(std::string_view text) {
  std::vector<Row> rows;
  Row row{.line = 1, .fields = {""}};
  std::size_t line = 1;
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\n') ++line;
    if (quoted) {
      if (c != '"') {
        row.fields.back() += c;
      } else if (i + 1 < text.size() && text[i + 1] == '"') {
        row.fields.back() += c;
        ++i;
      } else {
        quoted = false;
      }
    } else if (c == '"' && row.fields.back().empty()) {
      quoted = true;
    } else if (c == ',') {
      row.fields.emplace_back();
    } else if (c == '\n') {
      rows.push_back(std::exchange(row, {.line = line, .fields = {""}}));
    } else if (c != '\r' || i + 1 == text.size() || text[i + 1] != '\n') {
      row.fields.back() += c;
    }
  }
  return rows;  // without what no line's end has followed yet
}

CsvTable::CsvTable(const std::filesystem::path& path, std::span<const std::string_view> needed)
    : path_(path), rows_(parse(read_text(path))) {
  if (rows_.empty()) return;
  header_ = std::move(rows_.front().fields);
  rows_.erase(rows_.begin());
  for (const std::string_view column : needed) {
    if (has(column)) continue;
    throw DataError(fmt::format("{}:1: no column \"{}\"; expected a header with {}", path_.string(),
                                column, fmt::join(needed, ",")));
  }
  for (const Row& row : rows_) {
    if (row.fields.size() == header_.size()) continue;
    throw DataError(fmt::format("{}:{}: {} fields, where the header has {}", path_.string(),
                                row.line, row.fields.size(), header_.size()));
  }
}

std::size_t CsvTable::place(std::string_view column) const {
  return static_cast<std::size_t>(std::find(header_.begin(), header_.end(), column) -
                                  header_.begin());
}

bool CsvTable::has(std::string_view column) const {
  return place(column) < header_.size();
}

const std::string& CsvTable::text(std::size_t row, std::string_view column) const {
  static const std::string kNone;
  const std::size_t at = place(column);
  return at < header_.size() ? rows_[row].fields[at] : kNone;
}

double CsvTable::number(std::size_t row, std::string_view column) const {
  const std::string& field = text(row, column);
  double number = std::numeric_limits<double>::quiet_NaN();
  if (!field.empty() && !parse_all(field, number)) refuse(row, column, "a number");
  return number;
}

std::int64_t CsvTable::integer(std::size_t row, std::string_view column) const {
  std::int64_t number = 0;
  if (!parse_all(text(row, column), number)) refuse(row, column, "a whole number");
  return number;
}

void CsvTable::refuse(std::size_t row, std::string_view column, std::string_view expected) const {
  throw DataError(fmt::format("{}:{}: {} must be {}, not \"{}\"", path_.string(), rows_[row].line,
                              column, expected, text(row, column)));
}

}  // namespace imgcls::report
