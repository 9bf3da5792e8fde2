#pragma once
// Jobs whose launcher brings a TCP address instead of MPI: torchrun, srun. Internal to dist/.
//
// Rank 0 serves a key-value store (c10d's TCPStore) at that address, or finds torchrun's there. It
// authenticates nobody, as PyTorch's security page says of its own: use a network you trust. Ranks
// read each other's addresses from it, and a secret by which they know each other's connections,
// unless the user gives them one (job_secret.h).

#include <imgcls/dist/launch/job.h>
#include <imgcls/dist/launch/launcher.h>

#include <chrono>
#include <memory>

namespace imgcls::dist {

/// Throws DistError when rank 0 does not answer within `timeout`, and at once when there is no such
/// host or the user's secret is not all ranks'.
std::unique_ptr<Job> join_tcp_job(const Launched& launched, std::chrono::duration<double> timeout);

}  // namespace imgcls::dist
