#pragma once
// All of imgcls/dist: one process or many that train as one. In the order of things:
//
//   header                  what it does
//   dist/world.h            launch() joins the job; World has rank, size, device, sums, barriers
//   dist/agree.h            errors and settings that all ranks come to agree on
//   dist/data_parallel.h    gradients averaged over ranks while the backward pass runs
//   dist/distributed_data_parallel.h  the same for any LibTorch module (docs/data-parallel.md)
//   dist/sharded_gradients.h  gradients of shards, the same bits on any number of ranks
//   dist/sync_batch_norm.h  batch norm over all ranks
//   dist/rank_sharing.h     work of optimizers shared out among ranks
//   dist/step_ranges.h      names for a step's parts in profiles
//   dist/device_stream.h    a device's streams
//
// Inside, behind launch():
//
//   replicated_module.h     what both have in common; gradient_reducer.h c10d's Reducer
//   shard_counter.h         shards added up on one rank, along the tree of shard_tree.h
//   node_sums.h             sums of that tree's nodes between GPUs
//   launch/launcher.h       who started this process; launch/mpirun.h how to be started well
//   launch/job.h            what the launcher brings: job_mpi.h, job_tcp.h (rendezvous.h)
//   device.h                the device of a rank; cuda_plugin.h GPU support, loaded when needed
//   transport/transport.h   collectives over MPI (mpi_transport.h) or TCP (tcp_transport.h); sums
//                           are in a fixed order (tree_allreduce.h, reduction.h)
//   queue_backend.h         the same for c10d, in a queue
//   heartbeat_monitor.h     the heartbeat, which ends a broken job on all ranks

#include <imgcls/dist/agree.h>
#include <imgcls/dist/data_parallel.h>
#include <imgcls/dist/distributed_data_parallel.h>
#include <imgcls/dist/rank_sharing.h>
#include <imgcls/dist/sharded_gradients.h>
#include <imgcls/dist/step_ranges.h>
#include <imgcls/dist/sync_batch_norm.h>
#include <imgcls/dist/world.h>
