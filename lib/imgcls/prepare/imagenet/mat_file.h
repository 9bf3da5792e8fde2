#pragma once
// MATLAB's MAT-files, version 5: the part that ImageNet's devkit uses, namely little-endian arrays
// of structures whose fields are texts and arrays of numbers, plain or compressed. After MathWorks'
// "MAT-File Format". A reader of our own, and not matio: that takes as much memory as a damaged
// file claims.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace imgcls::data {

/// A field's value: a text (UTF-8), numbers (in column order), or something else that this reader
/// passes over (cells, structures, ...).
using MatValue = std::variant<std::monostate, std::string, std::vector<double>>;

/// An array of structures.
struct MatStructs {
  std::vector<std::string> fields;  ///< names, in the file's order
  std::vector<MatValue> values;     ///< structure by structure: fields.size() values for each

  /// How many structures there are.
  std::size_t size() const { return fields.empty() ? 0 : values.size() / fields.size(); }
};

/// The array of structures called `variable` in the bytes of a MAT-file. Throws DataError, whose
/// message begins with `name`, where the file is broken, of another version or byte order, unpacks
/// to more than 32 MiB, or where the variable is missing or no array of structures.
MatStructs read_mat_structs(std::span<const std::byte> file, std::string_view variable,
                            std::string_view name);

}  // namespace imgcls::data
