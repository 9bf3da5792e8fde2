#pragma once
// Whether other processes take the cores that a run computes on, as the system's scheduler counts
// it. Internal to train/.

#include <optional>
#include <string>

namespace imgcls::train {

/// Seconds since the start.
struct CoreTimes {
  double ran = 0;      ///< this thread on a core
  double waited = 0;   ///< this thread ready to run, and without a core
  double process = 0;  ///< all threads of the process on cores
  double clock = 0;    ///< passed
};

/// Of the calling thread; nothing where the system does not count it (/proc/thread-self/schedstat).
std::optional<CoreTimes> core_times();

/// A warning, where between the two the thread had to wait for a core for a good part of the time
/// that it wanted one, and not for the process' own threads, which together had not the `cores`
/// that are theirs; else empty.
std::string crowding(const CoreTimes& before, const CoreTimes& now, int cores);

}  // namespace imgcls::train
