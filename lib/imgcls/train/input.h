#pragma once
// From the loader's bytes to the network's input.

#include <ATen/core/Tensor.h>
#include <imgcls/data/loader.h>
#include <imgcls/train/options.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>

namespace imgcls::train {

/// Images and labels on a device.
struct DeviceBatch {
  /// N V x channels x H x W, normalized, channels last in memory where asked for.
  at::Tensor images;
  at::Tensor labels;  ///< int64, N
  int views = 1;      ///< V: images of a label, one behind the other
  /// Of a multi-label source: float, N x K, 0 and 1 (label_rows); else undefined.
  at::Tensor rows = {};

  /// A label for each image: int64, N V.
  at::Tensor labels_of_images() const;
  /// The same of `rows`: float, N V x K.
  at::Tensor rows_of_images() const;
};

/// Images as the loader makes them, uint8 N x side x side x 3 one behind the other, as the
/// network's input on the CPU: float, N x channels x side x side, channels last in memory, (value /
/// 255 - mean) / std in fp32, in torchvision's order of operations (ToTensor, Normalize) and so
/// with its bits. One channel is the luma that Pillow's convert("L") makes of the bytes, or, with
/// 16 bits (data::Image::bits), the value itself, over 65535.
at::Tensor normalize(std::span<const std::uint8_t> images, int side,
                     const Normalization& normalization);

class DeviceCopies;

/// Copies batches to a device and normalizes them there. For one thread at a time.
class InputStage {
 public:
  /// For images normalized so, on that device ("cpu", "cuda:0"). `channels_last`: how they lie in
  /// memory.
  InputStage(const Normalization& normalization, const std::string& device, bool channels_last);
  ~InputStage();
  InputStage(const InputStage&) = delete;
  InputStage& operator=(const InputStage&) = delete;

  /// Lets a loader put its batches where the device copies them from by itself, and keep them until
  /// it has. On a CPU nothing changes. Without this, each batch's copy holds the host up. Give this
  /// stage, and no other, every batch of the loader: its copy is what the next ones wait for.
  void prepare(data::LoaderOptions& options) const;

  /// As `normalize`, on the device, images of `type`. With a loader that was prepared, the device
  /// copies while it computes what it was given before, and the host waits at most for the copy of
  /// the batch before; otherwise until this batch is copied. On a CPU, and where `type` is float,
  /// images have `normalize`'s bits. In bfloat16 or half they are made in one pass:
  /// value times 1 / (255 std), minus mean / std, in fp32, and rounded (65535 with 16 bits). Throws
  /// std::invalid_argument for a batch of other bits than the normalization's.
  DeviceBatch operator()(const data::Batch& batch, at::ScalarType type = at::kFloat) const;

 private:
  at::Tensor normalized(const at::Tensor& pixels, at::ScalarType type) const;

  at::Tensor mean_, std_;      // 1 x channels x 1 x 1
  at::Tensor scale_, offset_;  // what one multiplication and one addition do
  at::Device device_;
  int bits_;
  bool channels_last_;
  std::shared_ptr<DeviceCopies> copies_;  // null on a CPU
};

}  // namespace imgcls::train
