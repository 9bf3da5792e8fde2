#pragma once
// Waiting for a device, for those who must.

#include <c10/core/Event.h>
#include <c10/core/Stream.h>

#include <string>

namespace imgcls::train {

/// A mark in a device's stream of work. Until it is first recorded, it counts as reached.
class DeviceEvent {
 public:
  /// Of the device whose streams are to be marked.
  explicit DeviceEvent(c10::DeviceType device) : event_(device) {}

  /// Sets the mark after all that has been handed to `stream`.
  void record(const c10::Stream& stream) { event_.record(stream); }
  /// Makes `stream`, not the host, wait for it.
  void hold_up(const c10::Stream& stream) const { event_.block(stream); }
  /// Never waits.
  bool is_reached() const { return event_.query(); }
  /// The host waits, asleep: CUDA's own waiting would spin on a core that a loader's thread needs.
  void wait() const;

 private:
  c10::Event event_;
};

/// Returns when `device` ("cpu", "cuda:0") has done all that it was given: for measurements.
void wait_for_device(const std::string& device);

}  // namespace imgcls::train
