#include <imgcls/weights/dtype.h>

#include <algorithm>
#include <array>

namespace imgcls::weights {
namespace {

// In the order of DType.
constexpr std::array<DTypeInfo, 21> kTypes{{
    {DType::float64, "float64", 8, "F64", "DoubleStorage"},
    {DType::float32, "float32", 4, "F32", "FloatStorage"},
    {DType::float16, "float16", 2, "F16", "HalfStorage"},
    {DType::bfloat16, "bfloat16", 2, "BF16", "BFloat16Storage"},
    {DType::float8_e5m2, "float8_e5m2", 1, "F8_E5M2", ""},
    {DType::float8_e4m3fn, "float8_e4m3fn", 1, "F8_E4M3", ""},
    {DType::float8_e5m2fnuz, "float8_e5m2fnuz", 1, "F8_E5M2FNUZ", ""},
    {DType::float8_e4m3fnuz, "float8_e4m3fnuz", 1, "F8_E4M3FNUZ", ""},
    {DType::float8_e8m0fnu, "float8_e8m0fnu", 1, "F8_E8M0", ""},
    {DType::int64, "int64", 8, "I64", "LongStorage"},
    {DType::int32, "int32", 4, "I32", "IntStorage"},
    {DType::int16, "int16", 2, "I16", "ShortStorage"},
    {DType::int8, "int8", 1, "I8", "CharStorage"},
    {DType::uint64, "uint64", 8, "U64", ""},
    {DType::uint32, "uint32", 4, "U32", ""},
    {DType::uint16, "uint16", 2, "U16", ""},
    {DType::uint8, "uint8", 1, "U8", "ByteStorage"},
    {DType::boolean, "bool", 1, "BOOL", "BoolStorage"},
    {DType::complex128, "complex128", 16, "", "ComplexDoubleStorage"},
    {DType::complex64, "complex64", 8, "C64", "ComplexFloatStorage"},
    {DType::complex32, "complex32", 4, "", ""},
}};

const DTypeInfo* find(std::string_view DTypeInfo::*column, std::string_view name) {
  const auto found = std::ranges::find(kTypes, name, column);
  return name.empty() || found == kTypes.end() ? nullptr : &*found;
}

}  // namespace

const DTypeInfo& info(DType type) {
  return kTypes.at(static_cast<std::size_t>(type));
}

const DTypeInfo* find_dtype(std::string_view name) {
  return find(&DTypeInfo::name, name);
}

const DTypeInfo* find_safetensors_dtype(std::string_view name) {
  return find(&DTypeInfo::safetensors, name);
}

const DTypeInfo* find_storage_dtype(std::string_view storage) {
  return find(&DTypeInfo::storage, storage);
}

}  // namespace imgcls::weights
