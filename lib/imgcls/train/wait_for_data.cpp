#include <imgcls/train/wait_for_data.h>

#include <chrono>

namespace imgcls::train {

int wait_for_data(data::Loader& loader, dist::World& world, const std::function<int()>& asked) {
  constexpr std::chrono::milliseconds kTurn(100);
  constexpr std::int64_t kReady = 0, kWaiting = 1;  // above that: what `asked` said, plus one
  for (;;) {
    const bool ready = loader.wait(kTurn);
    const int why = asked();
    const std::int64_t mine = why != 0 ? why + kWaiting : ready ? kReady : kWaiting;
    const std::int64_t state = world.max(mine);
    if (state == kReady) return 0;
    if (state > kWaiting) return static_cast<int>(state - kWaiting);
  }
}

}  // namespace imgcls::train
