#pragma once
// Which launcher started this process, as which rank: read from the environment alone.

#include <cstdint>
#include <string>

namespace imgcls::dist {

/// How the ranks of a job find each other.
enum class Launcher {
  none,  ///< started by hand: a world of one
  mpi,   ///< by MPI: mpirun, srun with PMIx
  tcp,   ///< by a TCP address in the environment: torchrun, srun without PMIx
};

/// What the environment says.
struct Launched {
  Launcher by = Launcher::none;  ///< how ranks are to find each other
  /// For messages: "mpirun", "srun", "torchrun's variables".
  std::string name;
  int rank = 0;  ///< of this process, 0 to size - 1
  int size = 1;  ///< processes of the job
  /// Launcher::tcp: where rank 0 serves the store by which ranks find each other.
  std::string host;
  std::uint16_t port = 0;  ///< Launcher::tcp: of that store
  /// Launcher::tcp: the variable that `host` was read from, for messages; empty: from none.
  std::string host_variable = {};
  /// Launcher::tcp: the store is served by the launcher itself (torchrun's agent).
  bool store_is_there = false;
  /// Launcher::tcp: sets this attempt's keys apart from those of earlier ones in the same store.
  std::string attempt;
};

/// Reads, in this order:
///
/// | variables | launcher |
/// | --- | --- |
/// | OMPI_COMM_WORLD_RANK | Open MPI's mpirun |
/// | RANK, WORLD_SIZE, MASTER_ADDR, MASTER_PORT | torchrun, or set by hand |
/// | PMIX_RANK; with MPICH also PMI_RANK | srun --mpi=pmix and others, by MPI |
/// | SLURM_STEP_ID, SLURM_PROCID, SLURM_STEP_NUM_TASKS above 1 | srun by itself; MASTER_ADDR and
/// MASTER_PORT may say where, else it is the step's first node, and a port made from the job's
/// number |
///
/// Throws DistError for values that make no sense, naming the variable.
Launched launched();

}  // namespace imgcls::dist
