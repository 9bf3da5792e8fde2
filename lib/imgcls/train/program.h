#pragma once
// What every program that runs on ranks does around its work: join the job, report errors once, end
// all ranks when one fails.

#include <imgcls/core/config.h>
#include <imgcls/dist/world.h>

#include <functional>
#include <span>
#include <string>

namespace imgcls::train {

/// Exit codes of the programs.
enum ExitCode : int {
  kSuccess = 0,   ///< all that was asked for is done
  kFailure = 1,   ///< an error while running
  kUsage = 2,     ///< wrong arguments or configuration; nothing was created
  kStopped = 75,  ///< stopped by a signal after saving; the same command resumes (EX_TEMPFAIL)
};

/// Where `imgcls launch` lets a rank say that it was stopped: a file that is there.
inline constexpr const char* kStoppedVariable = "IMGCLS_STOPPED";

/// What `--version` prints: "imgcls 0.1.0, with LibTorch 2.15.0".
std::string version_text();

/// Runs `work`, whose result is the exit code, and reports what it throws, whatever that is: 2 for
/// a ConfigError, 1 for others.
int run_reported(const std::function<int()>& work);

/// Loads the configuration from `arguments`, joins the job, and calls `work`, whose result is the
/// exit code; under `imgcls launch` on one machine kStopped is said by a byte in the file of
/// kStoppedVariable and 0, since mpirun takes other codes for errors. An error that all ranks know
/// of is reported by rank 0; one that a single rank met is reported by that rank and ends the job.
/// Also sees to it that the process outlives whoever reads what it says, and may have as many files
/// open as the system lets it (core/process.h).
int run_program(std::span<const std::string> arguments,
                const std::function<int(const Config&, dist::World&)>& work);

}  // namespace imgcls::train
