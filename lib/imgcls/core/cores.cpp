#include <imgcls/core/cores.h>

#include <sched.h>

#include <algorithm>

namespace imgcls {

namespace {

// All zero where the system does not say.
cpu_set_t usable() {
  cpu_set_t cores;
  CPU_ZERO(&cores);
  if (sched_getaffinity(0, sizeof cores, &cores) != 0) CPU_ZERO(&cores);
  return cores;
}

}  // namespace

int usable_cores() {
  const std::optional<CpuQuota> quota = cpu_quota();
  return quota ? std::min(bound_cores(), whole_cores(*quota)) : bound_cores();
}

int bound_cores() {
  const cpu_set_t cores = usable();
  return std::max(1, CPU_COUNT(&cores));
}

std::string usable_core_set() {
  const cpu_set_t cores = usable();
  std::string set;
  for (int core = 0; core < CPU_SETSIZE; ++core) {
    if (CPU_ISSET(core, &cores)) set += std::to_string(core) + ' ';
  }
  return set;
}

}  // namespace imgcls
