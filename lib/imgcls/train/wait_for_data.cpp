#include <imgcls/dist/agree.h>
#include <imgcls/train/wait_for_data.h>

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <exception>
#include <limits>
#include <string>
#include <vector>

namespace imgcls::train {
namespace {

/// What a loader gives, kept until all ranks have theirs.
struct Answer {
  bool has_come = false;
  const data::Batch* batch = nullptr;
  std::string error = {};

  void look(data::Loader& loader, std::chrono::milliseconds time) {
    if (has_come || !loader.wait(time)) return;
    has_come = true;
    try {
      batch = loader.next();
    } catch (const std::exception& e) {
      error = e.what();
    }
  }
};

/// On all ranks, where one has an error: the first such rank's.
[[noreturn]] void fail(dist::World& world, const std::string& error) {
  const std::vector<std::string> all = world.gather(error);
  const auto first = std::ranges::find_if(all, [](const std::string& e) { return !e.empty(); });
  if (world.size() == 1) throw dist::AgreedError(*first);
  throw dist::AgreedError(fmt::format("rank {}: {}", first - all.begin(), *first));
}

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
    const std::int64_t mine = !answer.error.empty() ? kFailed
                              : why != 0            ? why + kWaiting
                              : answer.has_come     ? kReady
                                                    : kWaiting;
    const std::int64_t state = world.max(mine);
    if (state == kReady) return {.batch = answer.batch};
    if (state == kFailed) fail(world, answer.error);
    if (state > kWaiting) return {.stopped_by = static_cast<int>(state - kWaiting)};
  }
}

}  // namespace imgcls::train
