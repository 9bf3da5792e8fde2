#pragma once
// A CSV file with a header (RFC 4180), as a run's folder holds several.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace imgcls::report {

/// Fields by row, from 0, and column's name.
class CsvTable {
 public:
  /// Reads a file that may be under way: a last row whose line has no end yet is left out, and a
  /// file without a whole line has no rows. Throws IoError for a file that cannot be read, and
  /// DataError naming file and line where a column of `needed` is missing or a row has more or
  /// fewer fields than the header.
  CsvTable(const std::filesystem::path& path, std::span<const std::string_view> needed);

  std::size_t rows() const { return rows_.size(); }  ///< without the header
  /// The names in the header, in order.
  const std::vector<std::string>& header() const { return header_; }
  bool has(std::string_view column) const;  ///< whether the header names it

  /// A field of row `row`; empty where the file has no such column.
  const std::string& text(std::size_t row, std::string_view column) const;
  /// The same as a number; an empty field is NaN, and "nan" and "inf" are numbers. Throws DataError
  /// naming file, line and column.
  double number(std::size_t row, std::string_view column) const;
  /// The same as a whole number, for which an empty field will not do.
  std::int64_t integer(std::size_t row, std::string_view column) const;
  /// Row `row`'s fields, as many as the header's.
  std::span<const std::string> fields(std::size_t row) const { return rows_[row].fields; }

  /// Throws the DataError for a field that is not `expected`.
  [[noreturn]] void refuse(std::size_t row, std::string_view column,
                           std::string_view expected) const;

 private:
  struct Row {
    std::size_t line = 0;
    std::vector<std::string> fields;
  };

  static std::vector<Row> parse(std::string_view text);
  std::size_t place(std::string_view column) const;

  std::filesystem::path path_;
  std::vector<std::string> header_;
  std::vector<Row> rows_;
};

}  // namespace imgcls::report
