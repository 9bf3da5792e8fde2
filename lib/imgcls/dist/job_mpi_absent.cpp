// In place of job_mpi.cpp where imgcls is built with IMGCLS_MPI=OFF.
#include <imgcls/core/error.h>
#include <imgcls/dist/job_mpi.h>
#include <torch/csrc/distributed/c10d/Store.hpp>

namespace imgcls::dist {

bool has_mpi() {
  return false;
}

bool mpi_knows_pmi2() {
  return false;
}

std::unique_ptr<Job> join_mpi_job(std::chrono::duration<double>) {
  throw DistError(
      "this program was started by mpirun as one of several ranks, but imgcls was built without "
      "MPI: configure with IMGCLS_MPI=ON, or start the ranks by torchrun or srun");
}

}  // namespace imgcls::dist
