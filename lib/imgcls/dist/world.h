#pragma once
// Who else trains with this process: rank, number of ranks, device, and what ranks say to each
// other outside the training step (counts, flags, texts). Gradients travel by dist/data_parallel.h.
//
// A program calls `launch` once. Started by hand it gets a world of one; started by `mpirun -np N`,
// by srun or with torchrun's variables (dist/launch/launcher.h) a world of N. On CPUs gradients
// travel by MPI or, where the launcher brings none, by TCP; on GPUs by NCCL.
//
// No rank waits for ever: when one dies, fails or falls silent, all others' collectives throw
// RankFailure, and a process that does not come to one is ended (dist/heartbeat_monitor.h).

#include <imgcls/core/error.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace c10d {
class ProcessGroup;
}

namespace imgcls::dist {

/// Where tensors live.
enum class DeviceKind { automatic, cpu, cuda };

/// How a process joins its job.
struct LaunchOptions {
  /// automatic: a GPU for each rank where there are some and GPU support is installed, else CPUs.
  DeviceKind device = DeviceKind::automatic;
  /// Seconds after which a rank that does not answer ends the job.
  double timeout_s = 600;
};

/// The job has failed on some rank, which the message names with the reason. It has been reported
/// on standard error already, once for the whole job: end the process (World::abort).
class RankFailure : public DistError {
 public:
  using DistError::DistError;
};

/// A process among `size()`, seen from inside. Every member but the first group is a collective:
/// all ranks call it, in the same order, from one thread. Collectives throw DistError.
class World {
 public:
  virtual ~World() = default;

  int rank() const { return rank_; }              ///< 0 to size() - 1
  int size() const { return size_; }              ///< number of processes
  int local_rank() const { return local_rank_; }  ///< rank among those of this machine
  int local_size() const { return local_size_; }  ///< processes on this machine
  /// Cores for this rank: those it may use, shared evenly with the ranks that may use the same
  /// ones.
  int cores() const { return cores_; }
  bool is_first() const { return rank_ == 0; }  ///< the one that writes files and speaks
  /// "cpu", or "cuda:N" with N the local rank.
  const std::string& device() const { return device_; }
  /// "single", "mpi", "tcp", "mpi+nccl" or "tcp+nccl": how ranks talk.
  virtual std::string_view backend() const = 0;
  /// For gradients: c10d's process group over all ranks; null in a world of one.
  virtual c10d::ProcessGroup* process_group() { return nullptr; }

  /// Waits for all ranks.
  virtual void barrier() = 0;
  /// Replaces each value by its sum over the ranks. Integer sums are exact.
  virtual void sum(std::span<std::int64_t> values) = 0;
  virtual void sum(std::span<double> values) = 0;  ///< likewise, rounded
  /// The largest of the ranks' values.
  virtual std::int64_t max(std::int64_t value) = 0;
  /// Rank 0's text, on every rank.
  virtual std::string broadcast(std::string_view text) = 0;
  /// Every rank's text, in the order of ranks, on every rank.
  virtual std::vector<std::string> gather(std::string_view text) = 0;

  /// Ends the whole job now, on all ranks, this one with exit code `code`. For an error on one rank
  /// that the others cannot know of: `reason` is reported once for the job, with this rank's
  /// number, and is what the others' RankFailure says. Empty: it has been reported. Not a
  /// collective; does not return.
  [[noreturn]] virtual void abort(int code, std::string_view reason = {}) = 0;

 protected:
  /// What the functions of these names give; set by who derives from this.
  int rank_ = 0, size_ = 1, local_rank_ = 0, local_size_ = 1, cores_ = 1;
  std::string device_ = "cpu";  ///< likewise
};

/// Joins the job this process was started in. Call once, first thing in `main`; the world ends the
/// job's communication when it is destroyed. Throws DistError when ranks do not find each other,
/// and AgreedError (dist/agree.h; in a world of one DistError) when they cannot have the device
/// asked for.
std::unique_ptr<World> launch(const LaunchOptions& options = {});

}  // namespace imgcls::dist
