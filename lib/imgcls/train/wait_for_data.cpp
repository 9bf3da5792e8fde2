#include <imgcls/dist/agree.h>
#include <imgcls/train/wait_for_data.h>

#include <chrono>
#include <exception>
#include <limits>

namespace imgcls::train {
namespace {

/// What a loader gives, kept until all ranks have theirs.
struct Answer {
  bool has_come = false;
  const data::Batch* batch = nullptr;
  std::exception_ptr error = {};

  void look(data::Loader& loader, std::chrono::milliseconds time) {
    if (has_come || !loader.wait(time)) return;
    has_come = true;
    try {
      batch = loader.next();
    } catch (...) {
      error = std::current_exception();
    }
  }
};

}  // namespace

Delivery wait_for_data(data::Loader& loader, dist::World& world,
                       const std::function<int()>& asked) {
  constexpr std::chrono::milliseconds kTurn(100);
  constexpr std::int64_t kReady = 0, kWaiting = 1;  // above that: what `asked` said, plus one
  constexpr std::int64_t kFailed = std::numeric_limits<std::int64_t>::max();
  Answer answer;
  for (;;) {
    answer.look(loader, kTurn);
    const int why = asked();
    const std::int64_t mine = answer.error      ? kFailed
                              : why != 0        ? why + kWaiting
                              : answer.has_come ? kReady
                                                : kWaiting;
    const std::int64_t state = world.max(mine);
    if (state == kReady) return {.batch = answer.batch};
    if (state == kFailed) {
      dist::agree(world, [&] {
        if (answer.error) std::rethrow_exception(answer.error);
      });
    }
    if (state > kWaiting) return {.stopped_by = static_cast<int>(state - kWaiting)};
  }
}

}  // namespace imgcls::train
