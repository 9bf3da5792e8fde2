// In place of world_mpi.cpp where imgcls is built with IMGCLS_MPI=OFF.
#include <fmt/format.h>
#include <imgcls/core/error.h>
#include <imgcls/dist/world_mpi.h>
#include <imgcls/dist/world_single.h>

#include <cstdlib>
#include <string_view>

namespace imgcls::dist {

std::unique_ptr<World> make_mpi_world(const LaunchOptions& options) {
  for (const char* name : {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "SLURM_STEP_NUM_TASKS"}) {
    const char* ranks = std::getenv(name);
    if (ranks != nullptr && std::string_view(ranks) != "1") {
      throw DistError(fmt::format(
          "this program was started as one of {} ranks ({}), but imgcls was built without MPI: "
          "configure with IMGCLS_MPI=ON, or start the program without mpirun",
          ranks, name));
    }
  }
  return make_single_world(options);
}

}  // namespace imgcls::dist
