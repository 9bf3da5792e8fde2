#pragma once
// Collectives on CPU memory: what worlds of several ranks, and the process group for gradients on
// CPUs, are made of. Over MPI (mpi_transport.h) or TCP (tcp_transport.h). Internal to dist/.

#include <imgcls/core/error.h>
#include <imgcls/dist/transport/reduction.h>
#include <imgcls/dist/transport/tree_allreduce.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

namespace imgcls::dist {

class HeartbeatMonitor;

/// A collective that other ranks did not answer.
class Unanswered : public DistError {
 public:
  enum class Reason {
    too_long,  ///< the time limit
    lost,      ///< the connection to another rank
    given_up,  ///< Transport::give_up
  };
  Unanswered(Reason reason, const std::string& message) : DistError(message), reason_(reason) {}
  Reason reason() const { return reason_; }

 private:
  Reason reason_;
};

/// A channel between all ranks of a job. All ranks call the same collectives in the same order,
/// from one thread at a time; a call returns when this rank's memory may be used again. `what`
/// names the collective in messages ("allreduce of gradients").
///
/// Throws Unanswered, or RankFailure where the monitor knows which rank is to blame; DistError for
/// what cannot be done. After that the channel takes no further collectives, and memory that was
/// handed in must stay until the transport is gone.
class Transport {
 public:
  /// `slice_bytes`: of an allreduce, as TreeAllreduce says.
  Transport(int rank, int size, std::chrono::duration<double> timeout, std::int64_t slice_bytes);
  virtual ~Transport();
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;

  int rank() const { return rank_; }
  int size() const { return size_; }

  void barrier(std::string_view what);
  /// Rank `root`'s bytes, on every rank.
  void broadcast(std::span<std::byte> bytes, int root, std::string_view what);
  /// In place; the same bits on all ranks. A number's result depends on the ranks' numbers alone,
  /// not on its place in the block (tree_allreduce.h). Halves and bfloat16s travel as such, and
  /// each addition of them is made in fp32 and rounded.
  void allreduce(const Numbers& numbers, Reduction reduction, std::string_view what);
  /// The sum of a tree's nodes, of which each rank has those that `nodes` names; it ends up in the
  /// first of this rank's, `mine` (TreeAllreduce::run). The same bits for any number of ranks.
  void sum_nodes(std::span<const Numbers> mine, const NodesOfRanks& nodes, std::string_view what);
  /// Every rank's bytes, in the order of ranks. `all` has size() times as many.
  void allgather(std::span<const std::byte> mine, std::span<std::byte> all, std::string_view what);

  /// Gives back what the channel holds, in good order. Collective; not after a failure.
  virtual void close() {}

  /// Makes the collective under way, and all later ones, throw. From any thread.
  void give_up() noexcept { given_up_ = true; }

  /// Collectives begun so far.
  std::int64_t begun() const noexcept { return begun_; }
  /// From now on failures are explained by `monitor`, which must outlive the last collective.
  void set_monitor(HeartbeatMonitor* monitor) noexcept { monitor_ = monitor; }

 protected:
  virtual void do_barrier(std::string_view what) = 0;
  virtual void do_broadcast(std::span<std::byte> bytes, int root, std::string_view what) = 0;
  virtual void do_allgather(std::span<const std::byte> mine, std::span<std::byte> all,
                            std::string_view what) = 0;
  /// As Exchange (tree_allreduce.h) says, with messages of less than 2 GiB.
  virtual void exchange(std::span<const Outgoing> out, std::span<const Incoming> in,
                        std::string_view what) = 0;

  /// To call while waiting: throws Unanswered when `what`, which is under way, was given up or
  /// takes longer than the time limit.
  void check_patience(std::string_view what) const;
  /// Since the collective under way began.
  std::chrono::duration<double> waited() const;

 private:
  void run(std::string_view what, const std::function<void()>& collective);
  Exchange exchange_of(std::string_view what);

  int rank_, size_;
  std::chrono::duration<double> timeout_;
  std::atomic<bool> given_up_ = false;
  std::atomic<std::int64_t> begun_ = 0;
  std::atomic<HeartbeatMonitor*> monitor_ = nullptr;
  std::chrono::steady_clock::time_point start_;  // of the collective under way
  bool failed_ = false;
  TreeAllreduce allreduce_;
};

}  // namespace imgcls::dist
