#pragma once
// Jobs that MPI started. Internal to dist/.
//
// job_mpi.cpp implements it; a build with IMGCLS_MPI=OFF has job_mpi_absent.cpp in its place.

#include <imgcls/dist/launch/job.h>

#include <chrono>
#include <memory>

namespace imgcls::dist {

/// Whether this build has MPI, and whether that MPI lets srun start ranks by PMI-2 (MPICH does,
/// Open MPI as Debian builds it does not).
bool has_mpi();
bool mpi_knows_pmi2();

/// Starts MPI. Collective: all ranks of the job call it. Throws DistError when MPI does not start,
/// has no MPI_THREAD_MULTIPLE, or is absent from this build.
std::unique_ptr<Job> join_mpi_job(std::chrono::duration<double> timeout);

}  // namespace imgcls::dist
