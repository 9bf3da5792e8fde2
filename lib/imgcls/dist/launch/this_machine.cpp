#include <imgcls/core/cores.h>
#include <imgcls/dist/launch/mpirun.h>

#include <sys/prctl.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <string_view>

namespace imgcls::dist {
namespace {

namespace fs = std::filesystem;

void count_cores(Machine& machine) {
  std::set<std::string> cores;  // each by its list of hardware threads
  std::istringstream usable(usable_core_set());
  for (std::string threads; usable >> threads;) {
    std::ifstream("/sys/devices/system/cpu/cpu" + threads + "/topology/thread_siblings_list") >>
        threads;
    cores.insert(threads);
  }
  machine.cores = std::clamp(static_cast<int>(cores.size()), 1, usable_cores());
  machine.all_cores = usable_cores() == sysconf(_SC_NPROCESSORS_ONLN);
}

// CUDA's own rule: numbers or names up to the first that is not one; an empty list hides all GPUs.
int count_listed_gpus(std::string_view list) {
  int count = 0;
  while (!list.empty() && list.front() != '-') {
    ++count;
    const std::size_t comma = list.find(',');
    list = comma == std::string_view::npos ? std::string_view() : list.substr(comma + 1);
  }
  return count;
}

int count_gpus() {
  int devices = 0;
  std::error_code ignored;
  for (const fs::directory_entry& entry : fs::directory_iterator("/dev", ignored)) {
    const std::string name = entry.path().filename().string();
    const bool numbered = name.size() > 6 && std::all_of(name.begin() + 6, name.end(), [](char c) {
                            return std::isdigit(static_cast<unsigned char>(c)) != 0;
                          });
    if (name.starts_with("nvidia") && numbered) ++devices;
  }
  const char* listed = std::getenv("CUDA_VISIBLE_DEVICES");
  return listed ? std::min(devices, count_listed_gpus(listed)) : devices;
}

// Reads a byte of a child's memory. A kernel's filter (seccomp) or its rules for tracing may forbid
// it; which of them there are matters less than what happens.
bool can_attach_memory() {
  char there = 1, here = 0;
  const pid_t child = fork();
  if (child < 0) return false;
  if (child == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (;;) pause();
  }
  iovec local{&here, 1}, remote{&there, 1};
  const bool read = process_vm_readv(child, &local, 1, &remote, 1, 0) == 1;
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  return read;
}

}  // namespace

Machine this_machine() {
  Machine machine;
  count_cores(machine);
  machine.gpus = count_gpus();
  machine.root = geteuid() == 0;
  machine.memory_attach = can_attach_memory();
  return machine;
}

}  // namespace imgcls::dist
