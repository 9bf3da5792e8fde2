#include <imgcls/train/termination_signals.h>

#include <array>
#include <csignal>
#include <ctime>
#include <utility>

namespace imgcls::train {
namespace {

constexpr std::array kSignals{SIGINT, SIGTERM, SIGUSR1, SIGHUP};

// A signal handler can reach nothing but a static.
volatile std::sig_atomic_t received_signal = 0;
volatile std::sig_atomic_t first_interrupt_s = 0;  // when the first SIGINT came; 0: none has
int living = 0;

// Seconds of a clock that is never set, from 1 on.
std::sig_atomic_t now_s() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::sig_atomic_t>(now.tv_sec + 1);
}

// One Ctrl-C may come twice, from the terminal and from a parent that passes it on, as `timeout`
// and mpirun do: only one that comes later is a second one.
extern "C" void on_signal(int number) {
  if (received_signal == 0) received_signal = number;
  if (number != SIGINT) return;
  if (first_interrupt_s == 0) {
    first_interrupt_s = now_s();
  } else if (now_s() - first_interrupt_s > 1) {
    std::signal(SIGINT, SIG_DFL);
    std::raise(SIGINT);
  }
}

}  // namespace

struct TerminationSignals::Former {
  std::array<struct sigaction, kSignals.size()> actions{};
};

TerminationSignals::TerminationSignals() : former_(std::make_unique<Former>()) {
  if (living++ == 0) {
    received_signal = 0;
    first_interrupt_s = 0;
  }
  struct sigaction action {};
  action.sa_handler = on_signal;
  action.sa_flags = SA_RESTART;
  for (std::size_t i = 0; i < kSignals.size(); ++i) {
    struct sigaction& former = former_->actions[i];
    sigaction(kSignals[i], nullptr, &former);
    if (kSignals[i] == SIGHUP && former.sa_handler == SIG_IGN) continue;  // nohup
    sigaction(kSignals[i], &action, nullptr);
  }
}

TerminationSignals::~TerminationSignals() {
  --living;
  for (std::size_t i = 0; i < kSignals.size(); ++i) {
    sigaction(kSignals[i], &former_->actions[i], nullptr);
  }
}

int TerminationSignals::received() const {
  return received_signal;
}

const char* signal_name(int number) {
  switch (number) {
    case SIGINT:
      return "SIGINT (Ctrl-C)";
    case SIGTERM:
      return "SIGTERM";
    case SIGUSR1:
      return "SIGUSR1";
    case SIGHUP:
      return "SIGHUP";
    default:
      return "a signal";
  }
}

}  // namespace imgcls::train
