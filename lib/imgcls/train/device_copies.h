#pragma once
// Batches on their way to a device, while it computes on earlier ones. Internal to train/.

#include <ATen/core/Tensor.h>
#include <imgcls/train/device_event.h>

#include <array>

namespace imgcls::train {

/// Two places on a device that batches are copied to in turn, by a stream of their own. The
/// device's work on a batch waits for its copy, and the copy of the batch after the next waits for
/// that work; the host waits for neither.
class DeviceCopies {
 public:
  explicit DeviceCopies(c10::Device device);

  /// A batch on the device. Valid for work that is handed to the current stream before `release`.
  struct Arrived {
    at::Tensor images, labels;
  };
  /// Begins to copy host tensors. The copy is made by itself where they lie in pinned memory
  /// (train/pinned_memory.h), and they must not change until it is done.
  Arrived copy(const at::Tensor& images, const at::Tensor& labels);
  /// Says that the current stream has all the work on what arrived last.
  void release();

  /// The host waits until the copy before the last is done, so that what it was made of may change.
  void finish_earlier() const { places_[1 - turn_].copied.wait(); }
  /// Until all are.
  void finish() const;

 private:
  struct Place {
    at::Tensor images, labels;  // as large as any batch so far
    DeviceEvent copied, used;
  };
  static at::Tensor put(at::Tensor& place, const at::Tensor& host, c10::Device device);

  c10::Device device_;
  c10::Stream stream_;
  std::array<Place, 2> places_;
  std::size_t turn_ = 0;
};

}  // namespace imgcls::train
