#include <imgcls/core/error.h>
#include <imgcls/models/dtypes.h>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace imgcls::models {
namespace {

using weights::DType;

constexpr std::array<std::pair<DType, at::ScalarType>, 21> kTypes{{
    {DType::float64, at::kDouble},
    {DType::float32, at::kFloat},
    {DType::float16, at::kHalf},
    {DType::bfloat16, at::kBFloat16},
    {DType::float8_e5m2, at::kFloat8_e5m2},
    {DType::float8_e4m3fn, at::kFloat8_e4m3fn},
    {DType::float8_e5m2fnuz, at::kFloat8_e5m2fnuz},
    {DType::float8_e4m3fnuz, at::kFloat8_e4m3fnuz},
    {DType::float8_e8m0fnu, at::kFloat8_e8m0fnu},
    {DType::int64, at::kLong},
    {DType::int32, at::kInt},
    {DType::int16, at::kShort},
    {DType::int8, at::kChar},
    {DType::uint64, at::kUInt64},
    {DType::uint32, at::kUInt32},
    {DType::uint16, at::kUInt16},
    {DType::uint8, at::kByte},
    {DType::boolean, at::kBool},
    {DType::complex128, at::kComplexDouble},
    {DType::complex64, at::kComplexFloat},
    {DType::complex32, at::kComplexHalf},
}};

}  // namespace

at::ScalarType scalar_type(weights::DType type) {
  return std::ranges::find(kTypes, type, &std::pair<DType, at::ScalarType>::first)->second;
}

weights::DType stored_type(const at::Tensor& tensor, std::string_view name) {
  const auto found =
      std::ranges::find(kTypes, tensor.scalar_type(), &std::pair<DType, at::ScalarType>::second);
  if (found == kTypes.end() || tensor.layout() != at::kStrided) {
    throw WeightsError(
        fmt::format("\"{}\" has the dtype {} or a layout that no file of weights has", name,
                    at::toString(tensor.scalar_type())));
  }
  return found->first;
}

}  // namespace imgcls::models
