#pragma once
// The ranks of an MPI job. Internal to dist/.
//
// world_mpi.cpp implements it; a build with IMGCLS_MPI=OFF has world_mpi_absent.cpp in its place.

#include <imgcls/dist/world.h>

#include <memory>

namespace imgcls::dist {

/// Whether a launcher (mpirun, srun) started this process as a rank of a job.
bool started_as_rank();

/// Joins the job. Collective: all ranks of the job call it. Throws DistError when MPI does not
/// start or has no MPI_THREAD_MULTIPLE, when ranks cannot have the device asked for, and, without
/// MPI support, when the job has more than one rank.
std::unique_ptr<World> make_mpi_world(const LaunchOptions& options);

}  // namespace imgcls::dist
