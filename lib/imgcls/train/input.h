#pragma once
// From the loader's bytes to the network's input.

#include <ATen/core/Tensor.h>
#include <imgcls/data/loader.h>
#include <imgcls/train/options.h>

#include <cstdint>
#include <span>
#include <string>

namespace imgcls::train {

/// Images and labels on a device.
struct DeviceBatch {
  at::Tensor images;  ///< float, N x 3 x H x W, normalised, channels last in memory
  at::Tensor labels;  ///< int64, N
};

/// Images as the loader makes them, uint8 N x side x side x 3 one behind the other, as the
/// network's input on the CPU: float, N x 3 x side x side, channels last in memory, (value / 255 -
/// mean) / std in fp32, in torchvision's order of operations (ToTensor, Normalize) and so with its
/// bits.
at::Tensor normalise(std::span<const std::uint8_t> images, int side,
                     const Normalisation& normalisation);

/// Copies batches to a device and normalises them there.
class InputStage {
 public:
  InputStage(const Normalisation& normalisation, const std::string& device, bool channels_last);

  /// As `normalise`, on the device. The loader's batch may be reused when this returns.
  DeviceBatch operator()(const data::Batch& batch) const;

 private:
  at::Tensor mean_, std_;  // 1 x 3 x 1 x 1
  std::string device_;
  bool channels_last_;
};

}  // namespace imgcls::train
