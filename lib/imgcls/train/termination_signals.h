#pragma once
// Asking a run to stop in good order: Ctrl-C, a batch system's SIGTERM, SIGUSR1, or SIGHUP from a
// terminal that is closed.

#include <memory>

namespace imgcls::train {

/// While it lives, SIGINT, SIGTERM, SIGUSR1 and SIGHUP only set a flag, which the trainer reads
/// between steps; ranks agree on it, save, and end. A second SIGINT ends the process at once, as
/// usual; but within a second it is the same one, which came twice. A SIGHUP that is ignored, as
/// under nohup, stays so. Restores the former handlers when destroyed. One may live inside
/// another's life, in one thread, and then knows what came since the outer one began: a program
/// makes one first thing, so that a signal which comes before its trainer is there, or when it is
/// gone, does not end the process.
class TerminationSignals {
 public:
  TerminationSignals();
  ~TerminationSignals();
  TerminationSignals(const TerminationSignals&) = delete;
  TerminationSignals& operator=(const TerminationSignals&) = delete;

  /// Number of the first signal that came; 0: none.
  int received() const;

 private:
  struct Former;
  std::unique_ptr<Former> former_;
};

/// What messages call a signal: "SIGINT (Ctrl-C)"; "a signal" where its number, of another rank, is
/// not known.
const char* signal_name(int number);

}  // namespace imgcls::train
