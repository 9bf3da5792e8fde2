#include "bench_data.h"

#include <imgcls/core/cores.h>
#include <imgcls/core/error.h>

#include <fmt/format.h>
#include <sched.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

namespace imgcls::cli {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

/// Binds this thread, and those it starts, to the first `count` cores it may use, for a scope.
class CoreBinding {
 public:
  explicit CoreBinding(int count) {
    CPU_ZERO(&before_);
    if (sched_getaffinity(0, sizeof before_, &before_) != 0 || CPU_COUNT(&before_) < count) {
      throw ConfigError(fmt::format("{} threads cannot have a core each: this process may use {}",
                                    count, usable_cores()));
    }
    cpu_set_t some;
    CPU_ZERO(&some);
    for (int core = 0; core < CPU_SETSIZE && CPU_COUNT(&some) < count; ++core) {
      if (CPU_ISSET(core, &before_)) CPU_SET(core, &some);
    }
    sched_setaffinity(0, sizeof some, &some);
  }
  ~CoreBinding() { sched_setaffinity(0, sizeof before_, &before_); }
  CoreBinding(const CoreBinding&) = delete;
  CoreBinding& operator=(const CoreBinding&) = delete;

 private:
  cpu_set_t before_;
};

/// The most memory that was resident since `forget_resident_peak`, or since the process began where
/// the system does not let it be forgotten.
double peak_rss_mib() {
  constexpr std::string_view kKey = "VmHWM:";
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(kKey)) return std::stod(line.substr(kKey.size())) / 1024;
  }
  return 0;
}

void forget_resident_peak() {
  std::ofstream("/proc/self/clear_refs") << "5";
}

/// The value that `share` of the sorted `values` do not exceed.
double percentile(const std::vector<double>& values, double share) {
  const auto last = static_cast<double>(values.size() - 1);
  return values[static_cast<std::size_t>(std::lround(share * last))];
}

/// Runs an epoch; appends the milliseconds that each batch took.
std::size_t run_epoch(data::Loader& loader, std::uint32_t epoch, std::vector<double>& batch_ms) {
  std::size_t images = 0;
  loader.start(epoch);
  auto begin = Clock::now();
  while (const data::Batch* batch = loader.next()) {
    images += batch->size;
    batch_ms.push_back(seconds_since(begin) * 1e3);
    begin = Clock::now();
  }
  return images;
}

}  // namespace

DataBenchResult bench_data(const std::shared_ptr<const data::Source>& source,
                           const DataBenchOptions& options) {
  const CoreBinding binding(options.threads);
  data::LoaderOptions loading;
  loading.batch = options.batch;
  loading.threads = options.threads;
  loading.transform = options.transform;
  data::Loader loader(source, loading);
  std::vector<double> batch_ms;
  forget_resident_peak();
  run_epoch(loader, 0, batch_ms);
  batch_ms.clear();

  DataBenchResult result;
  result.threads = options.threads;
  const data::LoaderTimes before = loader.times();
  const auto begin = Clock::now();
  for (std::uint32_t epoch = 1;; ++epoch) {
    result.images += run_epoch(loader, epoch, batch_ms);
    result.seconds = seconds_since(begin);
    const bool enough = options.epochs > 0 ? static_cast<int>(epoch) >= options.epochs
                                           : result.seconds >= options.seconds;
    if (enough) break;
  }
  result.times = loader.times();
  result.times -= before;
  std::sort(batch_ms.begin(), batch_ms.end());
  result.batch_p50_ms = percentile(batch_ms, 0.5);
  result.batch_p99_ms = percentile(batch_ms, 0.99);
  result.peak_rss_mib = peak_rss_mib();
  return result;
}

}  // namespace imgcls::cli
