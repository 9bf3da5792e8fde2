#pragma once
// The command line of Open MPI 4's `mpirun` that suits a machine. What `imgcls launch` runs.

#include <span>
#include <string>
#include <vector>

namespace imgcls::dist {

/// What the choice depends on.
struct Machine {
  /// Cores this process may use. Hardware threads of one core count once, as mpirun counts them.
  int cores = 1;
  /// Whether these are all the cores of the machine.
  bool all_cores = true;
  /// NVIDIA GPUs this process may use.
  int gpus = 0;
  /// Whether this user is root, as in many containers: mpirun wants to be told that it may run.
  bool root = false;
  /// Whether a process may read another one's memory (cross-memory attach), as ranks of one machine
  /// do with each other. Containers often forbid it.
  bool memory_attach = true;
};

/// Looks at this machine. Starts a process for a moment, to see whether its memory can be read.
Machine this_machine();

/// What is to run, and where.
struct MpirunJob {
  /// Number of ranks. 0: as many as the hosts have slots; without hosts one for each GPU.
  int ranks = 0;
  /// "a:2,b:2": hosts with their slots; empty: this machine, or the hostfile's.
  std::string hosts{};
  /// A file with a line "HOST slots=N" for each host; empty: none.
  std::string hostfile{};
  /// The program and its arguments.
  std::vector<std::string> program{};
};

/// The words of the command line, beginning with "mpirun".
///
/// On one machine each rank is bound to its part of the cores where they can be dealt out evenly
/// and no other process was given some of them: the library computes with, and the loader decodes
/// on, as many threads as the rank has cores. Otherwise ranks may use any core, and more ranks than
/// cores are allowed. Over several hosts ranks are not bound, and the daemons that mpirun starts
/// there notice within seconds that a connection is lost (Open MPI's own settings: after 8
/// minutes).
///
/// Throws ConfigError where the number of ranks is neither given nor known from GPUs or hosts.
std::vector<std::string> mpirun_line(const MpirunJob& job, const Machine& machine);

/// `words` as a line for a POSIX shell, quoted where they need it.
std::string shell_line(std::span<const std::string> words);

}  // namespace imgcls::dist
