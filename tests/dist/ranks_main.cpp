// mpirun -np N test_dist_ranks CASE [unwind]
//
// Ends as a program should: an exception on one rank ends the job. With `unwind` the world is
// destroyed by the exception itself, before anyone could call abort.
#include <imgcls/core/error.h>

#include <cstdio>
#include <exception>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>

#include "ranks.h"

namespace {

using namespace imgcls::dist_test;

const std::map<std::string, void (*)(World&)> kCases{
    {"collectives", collectives},
    {"a_rank_stays_away", a_rank_stays_away},
    {"a_rank_throws", a_rank_throws},
    {"a_rank_is_killed", a_rank_is_killed},
    {"a_rank_is_stopped", a_rank_is_stopped},
    {"a_rank_leaves", a_rank_leaves},
    {"store", store},
    {"tensors", tensors},
    {"sums_in_a_tree", sums_in_a_tree},
    {"gradients", gradients},
    {"buckets_that_stay", buckets_that_stay},
    {"training", training},
    {"buffers", buffers},
    {"different_models", different_models},
    {"a_rank_skips_the_backward_pass", a_rank_skips_the_backward_pass},
    {"fields_that_differ", fields_that_differ},
    {"a_signal_while_another_rank_waits_for_data", a_signal_while_another_rank_waits_for_data},
    {"a_signal_while_another_rank_waits_in_evaluation",
     a_signal_while_another_rank_waits_in_evaluation},
    {"callbacks_on_ranks", callbacks_on_ranks},
    {"unfreezing", unfreezing},
    {"kept_gradients", kept_gradients},
    {"compressed_gradients", compressed_gradients},
    {"accumulation", accumulation},
    {"accumulated_overflow", accumulated_overflow},
    {"one_process_or_many", one_process_or_many},
    {"shared_matrices", shared_matrices},
    {"sums_of_shards", sums_of_shards},
    {"one_hash", one_hash},
    {"overflow_in_a_shard", overflow_in_a_shard},
    {"shards_are_the_batch", shards_are_the_batch},
    {"too_many_ranks", too_many_ranks},
    {"sync_batch_norm", sync_batch_norm},
    {"sync_batch_norm_autocast", sync_batch_norm_autocast},
    {"sync_batch_norm_evaluation", sync_batch_norm_evaluation},
    {"sync_batch_norm_of_models", sync_batch_norm_of_models},
};

// Cases in which a rank does not answer must not take long; others may wait for a busy machine.
double timeout_of(const std::string& name) {
  return name.starts_with("a_rank_s") || name == "a_rank_is_stopped" ? 2 : 60;
}

std::unique_ptr<World> launch_for(const std::string& name) {
  return imgcls::dist::launch(
      {.device = imgcls::dist::DeviceKind::cpu, .timeout_s = timeout_of(name)});
}

int run_unwinding(const std::string& name) {
  try {
    const auto world = launch_for(name);
    kCases.at(name)(*world);
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}

int run(const std::string& name) {
  std::unique_ptr<World> world;
  try {
    world = launch_for(name);
    kCases.at(name)(*world);
    return 0;
  } catch (const imgcls::dist::RankFailure&) {
    world->abort(1);  // reported already
  } catch (const std::exception& error) {
    if (world) world->abort(1, error.what());
    std::fprintf(stderr, "%s\n", error.what());
  }
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string name = argc > 1 ? argv[1] : "";
  if (!kCases.contains(name)) {
    std::fprintf(stderr, "usage: mpirun -np N test_dist_ranks CASE [unwind]; no case '%s'\n",
                 name.c_str());
    return 2;
  }
  return argc > 2 ? run_unwinding(name) : run(name);
}
