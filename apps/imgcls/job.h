#pragma once
// A launcher as a child of this process: started, passed signals, and waited for.

#include <string>
#include <vector>

namespace imgcls::cli {

/// How the launcher ended.
struct JobEnd {
  int code = 0;                ///< its exit code; 128 + number where a signal ended it
  bool asked_to_stop = false;  ///< whether a signal was passed on to it
};

/// Runs `words` (a program of PATH and its arguments) to its end, in a session of its own and with
/// no standard input, so that a terminal's Ctrl-C reaches this process alone.
///
/// SIGINT, SIGTERM, SIGUSR1 and SIGHUP (unless that is ignored) are passed on as SIGUSR1, which
/// Open MPI's mpirun hands to its ranks at once: they save and end. A second SIGINT ends the job by
/// SIGTERM, and one that is still there 10 s later, or at a third, by SIGKILL. If this process
/// dies, the launcher gets SIGTERM.
///
/// The job goes on when nobody reads what it says any more: that is dropped. Broken pipes are
/// ignored in this process from then on; the launcher has the system's default, which ends
/// programs.
///
/// Throws IoError where the program cannot be started.
JobEnd run_job(const std::vector<std::string>& words);

}  // namespace imgcls::cli
