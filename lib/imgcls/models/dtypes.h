#pragma once
// LibTorch's types of values and those of the formats of weights.

#include <imgcls/weights/dtype.h>

#include <ATen/core/Tensor.h>

#include <string_view>

namespace imgcls::models {

at::ScalarType scalar_type(weights::DType type);  ///< each of those types has one

/// The type of a tensor that is to be written. Throws WeightsError with its name where no format of
/// weights has it, such as a quantized one.
weights::DType stored_type(const at::Tensor& tensor, std::string_view name);

}  // namespace imgcls::models
