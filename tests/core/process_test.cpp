// What a program settles about its process. Each in a child of its own.
#include <imgcls/core/process.h>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>
#include <cerrno>
#include <csignal>

namespace {

/// Whether `check` says yes in a child process, which may do to itself what it likes.
template <class Check>
bool in_child(Check&& check) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(check() ? 0 : 1);
  int status = -1;
  ::waitpid(child, &status, 0);
  return status == 0;
}

bool is_dev_null(int descriptor) {
  struct stat there {
  }, null{};
  return ::fstat(descriptor, &there) == 0 && ::stat("/dev/null", &null) == 0 &&
         there.st_rdev == null.st_rdev;
}

}  // namespace

TEST_CASE("closed standard streams are opened on /dev/null") {
  CHECK(in_child([] {
    for (const int stream : {0, 1, 2}) ::close(stream);
    imgcls::open_standard_streams();
    return is_dev_null(0) && is_dev_null(1) && is_dev_null(2) && ::open("/", O_RDONLY) > 2;
  }));
}

TEST_CASE("standard streams that are open stay as they are") {
  CHECK(in_child([] {
    std::array<int, 2> ends{};
    if (::pipe(ends.data()) != 0 || ::dup2(ends[1], 1) != 1) return false;
    ::close(2);
    imgcls::open_standard_streams();
    char got = 0;
    return is_dev_null(2) && ::write(1, "x", 1) == 1 && ::read(ends[0], &got, 1) == 1 && got == 'x';
  }));
}

TEST_CASE("a pipe that nobody reads does not end the process") {
  CHECK(in_child([] {
    imgcls::ignore_broken_pipes();
    std::array<int, 2> ends{};
    if (::pipe(ends.data()) != 0) return false;
    ::close(ends[0]);
    return ::write(ends[1], "x", 1) == -1 && errno == EPIPE;
  }));
}

TEST_CASE("the limit on open files is raised as far as it may be") {
  CHECK(in_child([] {
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = 64;
    ::setrlimit(RLIMIT_NOFILE, &limit);
    imgcls::raise_open_file_limit();
    rlimit after{};
    ::getrlimit(RLIMIT_NOFILE, &after);
    return after.rlim_cur == limit.rlim_max && after.rlim_max == limit.rlim_max;
  }));
}
