#pragma once
// A tensor's values in a type that holds each of them exactly.

#include <ATen/core/Tensor.h>
#include <ATen/ops/view_as_real.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

namespace imgcls::cli {

/// Calls `use` with the values in the tensor's order, as a span of const double (floating point;
/// the real and the imaginary part of complex numbers in turn), std::uint64_t (of uint64 alone) or
/// std::int64_t (other whole numbers, and booleans). Returns what `use` does. The tensor lies on
/// the CPU.
template <typename Use>
auto with_exact_values(const at::Tensor& tensor, const Use& use) {
  const auto as_span = [&use]<typename T>(std::type_identity<T>, const at::Tensor& wide) {
    const at::Tensor row = wide.contiguous();
    return use(std::span(row.const_data_ptr<T>(), static_cast<std::size_t>(row.numel())));
  };
  if (tensor.is_complex()) {
    return as_span(std::type_identity<double>(), at::view_as_real(tensor.to(at::kComplexDouble)));
  }
  if (tensor.is_floating_point()) {
    return as_span(std::type_identity<double>(), tensor.to(at::kDouble));
  }
  if (tensor.scalar_type() == at::kUInt64) {
    return as_span(std::type_identity<std::uint64_t>(), tensor);
  }
  return as_span(std::type_identity<std::int64_t>(), tensor.to(at::kLong));
}

}  // namespace imgcls::cli
