// In place of job_mpi.cpp where imgcls is built with IMGCLS_MPI=OFF.
#include <imgcls/core/error.h>
#include <imgcls/dist/launch/job_mpi.h>
#include <torch/csrc/distributed/c10d/Store.hpp>

namespace imgcls::dist {

bool has_mpi() {
  return false;
}

bool mpi_knows_pmi2() {
  return false;
}

std::unique_ptr<Job> join_mpi_job(std::chrono::duration<double>) {
  throw DistError("imgcls was built without MPI");
}

}  // namespace imgcls::dist
