#include <imgcls/dist/device_stream.h>
#include <imgcls/train/device_copies.h>

#include <ATen/ops/empty.h>
#include <c10/core/StreamGuard.h>

namespace imgcls::train {

DeviceCopies::DeviceCopies(c10::Device device)
    : device_(device),
      stream_(dist::another_stream(device)),
      places_{Place{{}, {}, DeviceEvent(device.type()), DeviceEvent(device.type())},
              Place{{}, {}, DeviceEvent(device.type()), DeviceEvent(device.type())}} {}

DeviceCopies::Arrived DeviceCopies::copy(const at::Tensor& images, const at::Tensor& labels) {
  turn_ = 1 - turn_;
  Place& place = places_[turn_];
  Arrived arrived;
  {
    const c10::StreamGuard guard(stream_);
    place.used.hold_up(stream_);
    arrived.images = put(place.images, images, device_);
    arrived.labels = put(place.labels, labels, device_);
    place.copied.record(stream_);
  }
  place.copied.hold_up(dist::current_stream(device_));
  return arrived;
}

// The memory belongs to the stream that copies, which has waited for the work on what lay there.
at::Tensor DeviceCopies::put(at::Tensor& place, const at::Tensor& host, c10::Device device) {
  if (!place.defined() || place.numel() < host.numel()) {
    place.reset();
    place = at::empty({host.numel()}, host.options().device(device));
  }
  at::Tensor there = place.narrow(0, 0, host.numel()).view(host.sizes());
  there.copy_(host, /*non_blocking=*/true);
  return there;
}

void DeviceCopies::release() {
  places_[turn_].used.record(dist::current_stream(device_));
}

void DeviceCopies::finish() const {
  for (const Place& place : places_) place.copied.wait();
}

}  // namespace imgcls::train
