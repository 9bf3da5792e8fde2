// A library to preload (LD_PRELOAD) that gives a program the file systems and faults this machine
// lacks. The environment says which:
//
//   FAULTS="exchange lock link"   refuse renameat2's flags (NFS), flock (Lustre without it), hard
//                                 links (FUSE)
//   KILL_AT=7                     SIGKILL before the seventh rename, link, unlink or fsync
//   FULL_FOR=steps.csv            a full disk for files whose path holds that, ...
//   FULL_FROM=2 FULL_UNTIL=9      ... from the second write call on, up to the ninth (unset: for
//   ever)
#include <dlfcn.h>
#include <sys/file.h>
#include <sys/types.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

std::string_view variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

bool is_asked(std::string_view fault) {
  return variable("FAULTS").find(fault) != std::string_view::npos;
}

template <class Function>
Function* real(const char* name) {
  return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

void count_down() {
  static std::atomic<long> calls = 0;
  const std::string_view at = variable("KILL_AT");
  if (!at.empty() && ++calls == std::atol(at.data())) ::kill(::getpid(), SIGKILL);
}

long number(const char* name, long otherwise) {
  const std::string_view text = variable(name);
  return text.empty() ? otherwise : std::atol(text.data());
}

bool is_subject(int file) {
  const std::string_view subject = variable("FULL_FOR");
  if (subject.empty()) return false;
  const std::string link = "/proc/self/fd/" + std::to_string(file);
  std::array<char, PATH_MAX> path{};
  const ssize_t length = ::readlink(link.c_str(), path.data(), path.size());
  const std::string_view name(path.data(), length < 0 ? 0 : static_cast<std::size_t>(length));
  return name.find(subject) != std::string_view::npos;
}

int refuse(int error) {
  errno = error;
  return -1;
}

}  // namespace

extern "C" {

int renameat2(int from_folder, const char* from, int to_folder, const char* to, unsigned flags) {
  count_down();
  if (flags != 0 && is_asked("exchange")) return refuse(EINVAL);
  return real<decltype(renameat2)>("renameat2")(from_folder, from, to_folder, to, flags);
}

int rename(const char* from, const char* to) noexcept {
  count_down();
  return real<decltype(rename)>("rename")(from, to);
}

int link(const char* from, const char* to) noexcept {
  count_down();
  if (is_asked("link")) return refuse(EOPNOTSUPP);
  return real<decltype(link)>("link")(from, to);
}

int unlinkat(int folder, const char* path, int flags) noexcept {
  count_down();
  return real<decltype(unlinkat)>("unlinkat")(folder, path, flags);
}

int fsync(int file) {
  count_down();
  return real<decltype(fsync)>("fsync")(file);
}

int flock(int file, int operation) noexcept {
  if (is_asked("lock")) return refuse(ENOSYS);
  return real<decltype(flock)>("flock")(file, operation);
}

ssize_t write(int file, const void* bytes, size_t count) {
  const auto real_write = real<decltype(write)>("write");
  if (!is_subject(file)) return real_write(file, bytes, count);
  static std::atomic<long> calls = 0;
  const long call = ++calls, from = number("FULL_FROM", 1);
  if (call < from || call >= number("FULL_UNTIL", LONG_MAX)) return real_write(file, bytes, count);
  // A disk that fills up takes a part first.
  if ((call - from) % 2 == 0) return real_write(file, bytes, 1);
  return refuse(ENOSPC);
}

}  // extern "C"
