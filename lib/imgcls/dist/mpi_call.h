#pragma once
// MPI's error codes as exceptions, and waiting with a time limit. Internal to dist/.

#include <mpi.h>

#include <atomic>
#include <chrono>
#include <string_view>

namespace imgcls::dist {

/// Throws DistError with MPI's text when `code`, returned by `call`, is an error.
void check_mpi(int code, std::string_view call);

/// How long a rank waits for the others.
struct MpiPatience {
  int rank = 0;                                ///< for the message
  std::chrono::duration<double> timeout{600};  ///< for one collective
  const std::atomic<bool>* give_up = nullptr;  ///< set by another thread to end the wait early
};

/// Waits for `request`; `what` names the collective ("allreduce of gradients"). Polls: at first it
/// only yields the core, which keeps short collectives fast; later it also sleeps, up to half a
/// millisecond, so that computing threads have the cores. Throws DistError after
/// `patience.timeout`; the request is then still pending: keep its buffers as long as MPI runs.
void wait_mpi(MPI_Request request, std::string_view what, const MpiPatience& patience);

}  // namespace imgcls::dist
