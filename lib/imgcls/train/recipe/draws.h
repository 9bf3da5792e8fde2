#pragma once
// Random numbers of a step's ingredients, and their way to the device.

#include <ATen/core/Tensor.h>
#include <imgcls/core/distributions.h>
#include <imgcls/core/philox.h>
#include <imgcls/train/recipe/ingredient.h>

#include <cstdint>
#include <span>

namespace imgcls::train {

/// Numbers that depend on the seed, the step, `place` and the stream alone. A place is an image's
/// or a pair's in the global batch.
Random draws_of(const StepInfo& info, std::int64_t place, RandomStream stream);

/// Values as a tensor on a device, without a wait of the host.
at::Tensor on_device(std::span<const float> values, const at::Device& device);
/// Likewise for whole numbers.
at::Tensor on_device(std::span<const std::int64_t> values, const at::Device& device);

}  // namespace imgcls::train
