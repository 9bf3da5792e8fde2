#pragma once
// Types of tensors' values, by the names that PyTorch and the formats of weights give them.

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace imgcls::weights {

/// PyTorch's types, by its names, but for `bool`.
enum class DType : std::uint8_t {
  float64,
  float32,
  float16,
  bfloat16,
  float8_e5m2,
  float8_e4m3fn,
  float8_e5m2fnuz,
  float8_e4m3fnuz,
  float8_e8m0fnu,
  int64,
  int32,
  int16,
  int8,
  uint64,
  uint32,
  uint16,
  uint8,
  boolean,
  complex128,
  complex64,
  complex32,
};

/// What is known of a type.
struct DTypeInfo {
  DType type;                    ///< which one
  std::string_view name;         ///< PyTorch's: "float32"
  std::size_t bytes;             ///< of a value
  std::string_view safetensors;  ///< "F32"; empty: the format lacks it
  std::string_view storage;      ///< the class in a .pth: "FloatStorage"; empty: there is none
};

const DTypeInfo& info(DType type);  ///< of each type there is

/// The type of that name; null: there is none.
const DTypeInfo* find_dtype(std::string_view name);
/// Likewise, by safetensors' name; null: there is none.
const DTypeInfo* find_safetensors_dtype(std::string_view name);
/// Likewise, by the class in a .pth; null: there is none.
const DTypeInfo* find_storage_dtype(std::string_view storage);

}  // namespace imgcls::weights
