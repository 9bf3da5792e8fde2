#include "job.h"
#include "relay.h"

#include <imgcls/core/error.h>
#include <imgcls/core/log.h>
#include <imgcls/core/process.h>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <system_error>

namespace imgcls::cli {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::seconds kPatience{10};      // from SIGTERM to SIGKILL
constexpr std::chrono::seconds kSameInterrupt{1};  // so long a Ctrl-C that comes again is the same

/// Signals that wait to be taken up by sigtimedwait while it lives.
class HeldSignals {
 public:
  HeldSignals() {
    sigemptyset(&held_);
    for (const int number : {SIGINT, SIGTERM, SIGUSR1, SIGCHLD}) sigaddset(&held_, number);
    struct sigaction hangup {};
    sigaction(SIGHUP, nullptr, &hangup);
    if (hangup.sa_handler != SIG_IGN) sigaddset(&held_, SIGHUP);  // nohup
    sigprocmask(SIG_BLOCK, &held_, &former_);
  }
  ~HeldSignals() { restore(); }
  HeldSignals(const HeldSignals&) = delete;
  HeldSignals& operator=(const HeldSignals&) = delete;

  void restore() const { sigprocmask(SIG_SETMASK, &former_, nullptr); }

  /// The next signal; 0 after a second without one.
  int next() const {
    constexpr timespec kSecond{1, 0};
    const int number = sigtimedwait(&held_, nullptr, &kSecond);
    return number > 0 ? number : 0;
  }

 private:
  sigset_t held_{}, former_{};
};

// In the child: becomes the program, or writes why it cannot to `report`.
[[noreturn]] void become(const std::vector<std::string>& words, pid_t parent,
                         const HeldSignals& signals, const OutputRelay& output, int report) {
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (getppid() != parent) _exit(1);  // it died before the line above
  setsid();
  const int nothing = ::open("/dev/null", O_RDONLY);
  if (nothing >= 0) dup2(nothing, STDIN_FILENO);
  output.join_child();
  std::signal(SIGPIPE, SIG_DFL);  // an ignored signal would stay so in whatever is started
  signals.restore();
  std::vector<char*> arguments;
  arguments.reserve(words.size() + 1);
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  execvp(arguments[0], arguments.data());
  const int reason = errno;
  [[maybe_unused]] const ssize_t written = write(report, &reason, sizeof reason);
  _exit(1);
}

pid_t start(const std::vector<std::string>& words, const HeldSignals& signals,
            const OutputRelay& output) {
  std::array<int, 2> report{};
  if (pipe2(report.data(), O_CLOEXEC) != 0) {
    throw IoError("cannot make a pipe: " + std::generic_category().message(errno));
  }
  const pid_t parent = getpid();
  const pid_t child = fork();
  if (child == 0) become(words, parent, signals, output, report[1]);
  int reason = child < 0 ? errno : 0;
  close(report[1]);
  // Ends without a byte when the program has taken the child's place.
  if (child > 0 && read(report[0], &reason, sizeof reason) > 0) waitpid(child, nullptr, 0);
  close(report[0]);
  if (reason != 0) {
    throw IoError(
        fmt::format("cannot start {}: {}", words.front(), std::generic_category().message(reason)));
  }
  return child;
}

/// What has been asked of the job so far, and what a further signal asks of it.
class Stopper {
 public:
  explicit Stopper(pid_t job) : job_(job) {}

  void on_signal(int number) {
    asked_ = true;
    if (number == SIGINT) {
      const bool same = interrupts_ > 0 && Clock::now() < last_interrupt_ + kSameInterrupt;
      if (same) return;  // by the terminal, and by a parent that passes it on
      ++interrupts_;
      last_interrupt_ = Clock::now();
    }
    if (number != SIGINT || interrupts_ == 1) {
      if (number == SIGINT) Log().info("stopping: ranks save and end; Ctrl-C again ends them now");
      kill(job_, SIGUSR1);
    } else if (interrupts_ == 2) {
      deadline_ = Clock::now() + kPatience;
      kill(job_, SIGTERM);
    } else {
      kill(job_, SIGKILL);
    }
  }

  void look_at_clock() {
    if (Clock::now() > deadline_) kill(job_, SIGKILL);
  }

  bool asked() const { return asked_; }

 private:
  pid_t job_;
  bool asked_ = false;
  int interrupts_ = 0;
  Clock::time_point last_interrupt_ = {};
  Clock::time_point deadline_ = Clock::time_point::max();
};

}  // namespace

JobEnd run_job(const std::vector<std::string>& words) {
  ignore_broken_pipes();
  OutputRelay output;         // before the signals: what is left is passed on when they are let go,
  const HeldSignals signals;  // so that a reader who stands still cannot keep this process for ever
  const pid_t job = start(words, signals, output);
  output.begin();
  Stopper stopper(job);
  for (;;) {
    int status = 0;
    if (waitpid(job, &status, WNOHANG) == job) {
      return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), stopper.asked()};
    }
    const int number = signals.next();
    if (number != 0 && number != SIGCHLD) stopper.on_signal(number);
    stopper.look_at_clock();
  }
}

}  // namespace imgcls::cli
