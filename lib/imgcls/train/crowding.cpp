#include <imgcls/train/crowding.h>

#include <fmt/format.h>
#include <sys/resource.h>

#include <chrono>
#include <fstream>

namespace imgcls::train {
namespace {

constexpr double kMuchWaiting = 0.25;  // of the time in which the thread wanted to run
constexpr double kOwnShare = 0.8;      // of its cores' time: with more the process crowds itself

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
}

}  // namespace

std::optional<CoreTimes> core_times() {
  std::ifstream file("/proc/thread-self/schedstat");
  double ran = 0, waited = 0;  // nanoseconds
  if (!(file >> ran >> waited)) return std::nullopt;
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return CoreTimes{.ran = 1e-9 * ran,
                   .waited = 1e-9 * waited,
                   .process = seconds(usage.ru_utime) + seconds(usage.ru_stime),
                   .clock = std::chrono::duration<double>(now).count()};
}

std::string crowding(const CoreTimes& before, const CoreTimes& now, int cores) {
  const double ran = now.ran - before.ran, waited = now.waited - before.waited;
  const double clock = now.clock - before.clock;
  const double used = (now.process - before.process) / (cores * clock);
  if (waited < kMuchWaiting * (ran + waited) || waited < 0.1 * clock || used > kOwnShare) return "";
  return fmt::format(
      "other processes use this run's cores: in the last {:.0f} s it waited {:.0f} % of the time "
      "for one and had {:.0f} % of the processor time of {} core{}; give it cores of its own, or "
      "fewer train.threads and data.threads",
      clock, 100 * waited / (ran + waited), 100 * used, cores, cores == 1 ? "" : "s");
}

}  // namespace imgcls::train
