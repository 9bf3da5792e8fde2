#include <imgcls/train/device_event.h>

#include <c10/core/impl/VirtualGuardImpl.h>

#include <chrono>
#include <thread>

namespace imgcls::train {

void DeviceEvent::wait() const {
  constexpr std::chrono::microseconds kNap(100);
  while (!event_.query()) std::this_thread::sleep_for(kNap);
}

void wait_for_device(const std::string& device) {
  const c10::Device where(device);
  if (where.is_cpu()) return;
  c10::impl::VirtualGuardImpl(where.type()).synchronizeDevice(where.index());
}

}  // namespace imgcls::train
