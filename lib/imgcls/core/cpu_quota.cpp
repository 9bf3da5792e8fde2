// The kernel's documents: cgroup-v2.rst ("cpu.max") and sched-bwc.rst ("cpu.cfs_quota_us").
#include <imgcls/core/cores.h>

#include <sys/stat.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <limits>
#include <sstream>
#include <string_view>

namespace imgcls {
namespace {

namespace fs = std::filesystem;

/// The quota of one group: two numbers of microseconds, in one file or two.
std::optional<double> quota_in(const fs::path& group) {
  double quota = 0, period = 0;
  // A group without a limit has the word "max" (version 2) or -1 (version 1) for a quota.
  if (!(std::ifstream(group / "cpu.max") >> quota >> period)) {
    std::ifstream(group / "cpu.cfs_quota_us") >> quota;
    std::ifstream(group / "cpu.cfs_period_us") >> period;
  }
  if (quota <= 0 || period <= 0) return std::nullopt;
  return quota / period;
}

std::string identity(const fs::path& group) {
  struct stat status {};
  if (::stat(group.c_str(), &status) != 0) return group.string();
  return std::to_string(status.st_dev) + ':' + std::to_string(status.st_ino);
}

/// Keeps in `tightest` the smallest quota from `group` of the hierarchy at `mount` up to its root.
/// In a container the path may be the one outside of it; then only the root is there.
void look_upwards(const fs::path& mount, const fs::path& group, std::optional<CpuQuota>& tightest) {
  for (fs::path at = group.relative_path();; at = at.parent_path()) {
    const fs::path folder = at.empty() ? mount : mount / at;
    const std::optional<double> cores = quota_in(folder);
    if (cores && (!tightest || *cores < tightest->cores)) tightest = {*cores, identity(folder)};
    if (at.empty()) return;
  }
}

bool has_cpu(const std::string& controllers) {
  std::istringstream list(controllers);
  for (std::string name; std::getline(list, name, ',');) {
    if (name == "cpu") return true;
  }
  return false;
}

}  // namespace

std::optional<CpuQuota> cpu_quota(const fs::path& root) {
  const fs::path mounts = root / "sys/fs/cgroup";
  std::optional<CpuQuota> tightest;
  std::ifstream groups(root / "proc/self/cgroup");
  // "0::/path" of version 2, "4:cpu,cpuacct:/path" of version 1
  for (std::string line; std::getline(groups, line);) {
    const std::size_t first = line.find(':'), second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    const fs::path group = line.substr(second + 1);
    if (controllers.empty()) look_upwards(mounts, group, tightest);
    if (!has_cpu(controllers)) continue;
    // The folder has the name of all controllers in it; "cpu" is most often a link to it.
    std::error_code ignored;
    const bool named = fs::is_directory(mounts / controllers, ignored);
    look_upwards(mounts / (named ? controllers : "cpu"), group, tightest);
  }
  return tightest;
}

int whole_cores(const CpuQuota& quota) {
  constexpr double kMost = std::numeric_limits<int>::max();
  return static_cast<int>(std::min(std::ceil(quota.cores), kMost));
}

}  // namespace imgcls
