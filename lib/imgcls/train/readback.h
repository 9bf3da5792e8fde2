#pragma once
// Reads a device's figures without holding it up. Internal to train/.

#include <ATen/core/Tensor.h>
#include <imgcls/train/device_event.h>

#include <optional>
#include <string>
#include <vector>

namespace imgcls::train {

/// Copies tensors to the host behind all that has been handed to the device, while the host and
/// the device go on. On a CPU they are there at once.
class Readback {
 public:
  explicit Readback(const std::string& device);  ///< "cpu", "cuda:0": where the tensors lie

  /// Begins to copy the values that the tensors have after all that has been handed to the device.
  /// They may change afterwards. What an earlier start had copied and nobody took is forgotten.
  void start(const std::vector<at::Tensor>& values);
  /// Whether something was started and not taken.
  bool is_under_way() const { return !host_.empty(); }
  /// Whether it has come. Never waits.
  bool has_come() const { return is_under_way() && (!copied_ || copied_->is_reached()); }
  /// The copies, in host memory, in the order in which they were given. Waits for them, and for
  /// nothing that was handed over later.
  std::vector<at::Tensor> take();

 private:
  c10::Device device_;
  std::optional<DeviceEvent> copied_;  // none on a CPU
  std::vector<at::Tensor> host_;
};

}  // namespace imgcls::train
