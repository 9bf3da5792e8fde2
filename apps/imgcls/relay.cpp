#include "relay.h"

#include <imgcls/core/error.h>

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string_view>
#include <system_error>
#include <utility>

namespace imgcls::cli {
namespace {

bool is_pipe(int stream) {
  struct stat status {};
  return ::fstat(stream, &status) == 0 && (S_ISFIFO(status.st_mode) || S_ISSOCK(status.st_mode));
}

bool are_one(int stream, int other) {
  struct stat a {
  }, b{};
  return ::fstat(stream, &a) == 0 && ::fstat(other, &b) == 0 && a.st_dev == b.st_dev &&
         a.st_ino == b.st_ino;
}

/// Whether all of it was written; not where nobody reads.
bool write_all(int to, std::string_view text) {
  while (!text.empty()) {
    const ssize_t put = ::write(to, text.data(), text.size());
    if (put >= 0) {
      text.remove_prefix(static_cast<std::size_t>(put));
    } else if (errno == EAGAIN) {  // who shares the pipe has made it so
      pollfd waiting{to, POLLOUT, 0};
      ::poll(&waiting, 1, -1);
    } else if (errno != EINTR) {
      return false;
    }
  }
  return true;
}

/// Passes on until all who could write are gone, or `over` is requested and there is no more.
void pass_on(const std::stop_token& over, int from, int to) {
  constexpr int kTurn = 50;  // ms
  std::array<char, 1 << 14> piece{};
  for (bool heard = true;;) {
    const bool last = over.stop_requested();
    pollfd waiting{from, POLLIN, 0};
    const int ready = ::poll(&waiting, 1, kTurn);
    if (ready == 0 && last) return;
    if (ready <= 0) continue;
    const ssize_t got = ::read(from, piece.data(), piece.size());
    if (got <= 0) return;
    heard = heard && write_all(to, {piece.data(), static_cast<std::size_t>(got)});
  }
}

}  // namespace

struct OutputRelay::Pipe {
  std::vector<int> streams;  ///< that the child is to have it for
  int from = -1, into = -1;

  explicit Pipe(int stream) : streams{stream} {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
      throw IoError("cannot make a pipe: " + std::generic_category().message(errno));
    }
    from = ends[0];
    into = ends[1];
  }
  ~Pipe() {
    ::close(from);
    close_into();
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;

  void close_into() {
    if (into >= 0) ::close(std::exchange(into, -1));
  }
};

OutputRelay::OutputRelay() {
  if (is_pipe(STDOUT_FILENO)) pipes_.push_back(std::make_unique<Pipe>(STDOUT_FILENO));
  if (!is_pipe(STDERR_FILENO)) return;
  if (!pipes_.empty() && are_one(STDOUT_FILENO, STDERR_FILENO)) {  // `2>&1`: in the same order
    pipes_.front()->streams.push_back(STDERR_FILENO);
  } else {
    pipes_.push_back(std::make_unique<Pipe>(STDERR_FILENO));
  }
}

OutputRelay::~OutputRelay() = default;

void OutputRelay::join_child() const {
  for (const auto& pipe : pipes_) {
    for (const int stream : pipe->streams) ::dup2(pipe->into, stream);
    // The child reads from it as well, in name: when this process is killed, the child can still
    // end its job before it ends.
    ::fcntl(pipe->from, F_SETFD, 0);
  }
}

void OutputRelay::begin() {
  for (const auto& pipe : pipes_) {
    pipe->close_into();
    threads_.emplace_back(pass_on, pipe->from, pipe->streams.front());
  }
}

}  // namespace imgcls::cli
