// How long threads of OpenMP spin before they sleep, for the programs: libgomp reads it from the
// environment when it is loaded, before main. So this runs before any library's constructor, and
// starts the program anew with GOMP_SPINCOUNT where the user has said nothing. What has been done
// by then is loading alone, some 10 ms.
//
// libgomp's own 300,000 turns are about 5 ms. Where another process has the core of a thread, the
// others spin that long at each end of a parallel part, in the time that the straggler needs
// (docs/results/busy-machine.md).
#include <limits.h>
#include <unistd.h>

#include <cstddef>
#include <cstring>

namespace {

constexpr const char* kSetting = "GOMP_SPINCOUNT=1000";
constexpr std::size_t kMostVariables = 4096;

bool is(const char* variable, const char* name) {
  const std::size_t length = std::strlen(name);
  return std::strncmp(variable, name, length) == 0 && variable[length] == '=';
}

// Nothing is ready yet but the system's calls: no allocation, and no `environ`.
void set_waiting(int /*argc*/, char** argv, char** variables) {
  static const char* all[kMostVariables + 2];
  std::size_t count = 0;
  for (; variables[count] != nullptr; ++count) {
    if (count == kMostVariables) return;
    if (is(variables[count], "GOMP_SPINCOUNT") || is(variables[count], "OMP_WAIT_POLICY")) return;
    all[count] = variables[count];
  }
  all[count] = kSetting;
  static char path[PATH_MAX];
  const ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
  if (length <= 0) return;
  // Where the loader was told to run the program, it is what would be started anew.
  const char* name = std::strrchr(path, '/');
  if (name == nullptr || std::strncmp(name, "/ld", 3) == 0) return;
  execve(path, argv, const_cast<char**>(all));  // comes back where that cannot be: go on without
}

}  // namespace

// Statically linked programs have this section, too; where a system knows it not, nothing happens.
[[gnu::section(".preinit_array"),
  gnu::used]] static void (*const kSetWaiting)(int, char**, char**) = set_waiting;
