#include <fmt/format.h>
#include <imgcls/core/error.h>
#include <imgcls/dist/launch/job_mpi.h>
#include <imgcls/dist/launch/job_tcp.h>
#include <imgcls/dist/launch/launcher.h>
#include <imgcls/dist/time_limit.h>
#include <imgcls/dist/world.h>
#include <imgcls/dist/world_ranks.h>
#include <imgcls/dist/world_single.h>

namespace imgcls::dist {

std::unique_ptr<World> launch(const LaunchOptions& options) {
  if (!(options.timeout_s > 0 && options.timeout_s <= 1e9)) {
    throw DistError("LaunchOptions::timeout_s is " + std::to_string(options.timeout_s) +
                    ": it must be a number of seconds above 0 and at most 1e9");
  }
  const Launched started = launched();
  const std::chrono::duration<double> timeout(options.timeout_s);
  // MPI must be started even for one rank: its launcher waits for that. But where there is no MPI,
  // one rank is a world of one.
  const bool alone = started.size == 1 && (started.by == Launcher::tcp || !has_mpi());
  if (started.by == Launcher::none || alone) return make_single_world(options);
  if (started.by == Launcher::mpi && !has_mpi()) {
    throw DistError(fmt::format(
        "this program was started as one of {} ranks ({}), but imgcls was built without "
        "MPI: configure with IMGCLS_MPI=ON, or start the ranks by torchrun or srun",
        started.size, started.name));
  }
  // Until the ranks watch over each other. Errors that say more come first: hence a little longer.
  const TimeLimit limit(
      timeout + std::chrono::seconds(2),
      fmt::format("rank {} waited {:g} s for the other ranks to start: one of them "
                  "is stopped, stuck, or was never started",
                  started.rank, options.timeout_s));
  return make_ranks_world(
      started.by == Launcher::mpi ? join_mpi_job(timeout) : join_tcp_job(started, timeout),
      options);
}

}  // namespace imgcls::dist
