#pragma once
// What the cases of test_dist_ranks share. A case runs on every rank of an MPI job; it passes when
// no rank throws.

#include <imgcls/dist/world.h>

#include <source_location>
#include <string_view>

namespace imgcls::dist_test {

using dist::World;

/// Throws, naming the line and the rank, when `holds` is false.
void expect(bool holds, const World& world,
            std::source_location where = std::source_location::current());

// ranks_world.cpp: what ranks say to each other.
void collectives(World& world);
void a_rank_stays_away(World& world);
void a_rank_throws(World& world);
void a_rank_is_killed(World& world);
void a_rank_is_stopped(World& world);
void a_rank_leaves(World& world);
void store(World& world);

// ranks_tensors.cpp: the process group gradients travel by.
void tensors(World& world);

// ranks_sums.cpp: the order in which an allreduce adds.
void sums_in_a_tree(World& world);

// ranks_training.cpp: DataParallel.
void gradients(World& world);
void buckets_that_stay(World& world);
void training(World& world);
void buffers(World& world);
void different_models(World& world);
void kept_gradients(World& world);
void compressed_gradients(World& world);
void a_rank_skips_the_backward_pass(World& world);

// ranks_agreeing.cpp: what has to be the same on all ranks.
void fields_that_differ(World& world);

// ranks_stopping.cpp: a signal to one rank ends the run on all.
void a_signal_while_another_rank_waits_for_data(World& world);
void a_signal_while_another_rank_waits_in_evaluation(World& world);

// ranks_runs.cpp: whole runs.
void callbacks_on_ranks(World& world);
void unfreezing(World& world);

// ranks_steps.cpp: optimizer steps.
void accumulation(World& world);
void accumulated_overflow(World& world);
void one_process_or_many(World& world);

// ranks_sharing.cpp: work of optimizers.
void shared_matrices(World& world);

// ranks_shards.cpp: steps by shards.
void sums_of_shards(World& world);
void one_hash(World& world);
void overflow_in_a_shard(World& world);
void shards_are_the_batch(World& world);
void too_many_ranks(World& world);

// ranks_batch_norm.cpp: batch norm over all ranks' images.
void sync_batch_norm(World& world);
void sync_batch_norm_autocast(World& world);
void sync_batch_norm_evaluation(World& world);
void sync_batch_norm_of_models(World& world);

}  // namespace imgcls::dist_test
