#include <imgcls/core/error.h>
#include <imgcls/dist/world.h>
#include <imgcls/dist/world_mpi.h>
#include <imgcls/dist/world_single.h>

#include <algorithm>
#include <array>
#include <cstdlib>

namespace imgcls::dist {

bool started_as_rank() {
  // Set by Open MPI's mpirun; by srun --mpi=pmix and PRRTE; by MPICH's mpiexec and srun --mpi=pmi2.
  constexpr std::array kSetByLaunchers{"OMPI_COMM_WORLD_SIZE", "PMIX_RANK", "PMI_RANK"};
  return std::any_of(kSetByLaunchers.begin(), kSetByLaunchers.end(),
                     [](const char* name) { return std::getenv(name) != nullptr; });
}

std::unique_ptr<World> launch(const LaunchOptions& options) {
  if (!(options.timeout_s > 0)) {
    throw DistError("LaunchOptions::timeout_s is " + std::to_string(options.timeout_s) +
                    ": it must be a number of seconds above 0");
  }
  return started_as_rank() ? make_mpi_world(options) : make_single_world(options);
}

}  // namespace imgcls::dist
