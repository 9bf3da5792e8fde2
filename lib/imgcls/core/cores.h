#pragma once
// The cores there are to work with.

#include <filesystem>
#include <optional>
#include <string>

namespace imgcls {

/// Cores that this process may use: those that taskset, a container, a batch system or a launcher
/// that binds ranks to cores left to it, and no more than its quota of CPU time (cpu_quota),
/// rounded up. At least 1.
int usable_cores();

/// Cores that this process is bound to, whatever its quota. At least 1.
int bound_cores();

/// Which ones: the same text for processes that share their cores.
std::string usable_core_set();

/// CPU time that a control group may take: `docker run --cpus`, a limit of Kubernetes or Slurm.
struct CpuQuota {
  double cores = 0;   ///< seconds of CPU time a second
  std::string group;  ///< which group: the same text for processes of a machine that share it
};

/// The tightest quota of this process's control group and those around it, as far as they are
/// visible, of version 1 or 2; none where there is no limit. `root`: where /proc and /sys lie.
std::optional<CpuQuota> cpu_quota(const std::filesystem::path& root = "/");

/// A quota rounded up to whole cores.
int whole_cores(const CpuQuota& quota);

}  // namespace imgcls
