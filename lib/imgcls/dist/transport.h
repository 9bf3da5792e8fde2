#pragma once
// Collectives on CPU memory: what worlds of several ranks, and the process group for gradients on
// CPUs, are made of. Over MPI (mpi_transport.h) or TCP (tcp_transport.h). Internal to dist/.

#include <c10/core/ScalarType.h>
#include <imgcls/core/error.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

namespace imgcls::dist {

class Watch;

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

enum class Reduction { sum, product, min, max };

/// Numbers in one block of memory.
struct Numbers {
  void* data = nullptr;
  std::int64_t count = 0;
  c10::ScalarType type = c10::ScalarType::Float;
};

/// A channel between all ranks of a job. All ranks call the same collectives in the same order,
/// from one thread at a time; a call returns when this rank's memory may be used again. `what`
/// names the collective in messages ("allreduce of gradients").
///
/// Throws Unanswered, or RankFailure where the watch knows which rank is to blame; DistError for
/// what cannot be done. After that the channel takes no further collectives, and memory that was
/// handed in must stay until the transport is gone.
class Transport {
 public:
  Transport(int rank, int size, std::chrono::duration<double> timeout);
  virtual ~Transport();
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;

  int rank() const { return rank_; }
  int size() const { return size_; }

  void barrier(std::string_view what);
  /// Rank `root`'s bytes, on every rank.
  void broadcast(std::span<std::byte> bytes, int root, std::string_view what);
  /// In place; the same bits on all ranks. Halves and bfloat16s travel as such, and can be summed
  /// only; each addition is made in fp32 and rounded.
  void allreduce(const Numbers& numbers, Reduction reduction, std::string_view what);
  /// Every rank's bytes, in the order of ranks. `all` has size() times as many.
  void allgather(std::span<const std::byte> mine, std::span<std::byte> all, std::string_view what);

  /// Gives back what the channel holds, in good order. Collective; not after a failure.
  virtual void close() {}

  /// Makes the collective under way, and all later ones, throw. From any thread.
  void give_up() noexcept { given_up_ = true; }

  /// Collectives begun so far.
  std::int64_t begun() const noexcept { return begun_; }
  /// From now on failures are explained by `watch`, which must outlive the last collective.
  void set_watch(Watch* watch) noexcept { watch_ = watch; }

 protected:
  virtual void do_barrier(std::string_view what) = 0;
  virtual void do_broadcast(std::span<std::byte> bytes, int root, std::string_view what) = 0;
  virtual void do_allreduce(const Numbers& numbers, Reduction reduction, std::string_view what) = 0;
  virtual void do_allgather(std::span<const std::byte> mine, std::span<std::byte> all,
                            std::string_view what) = 0;

  /// To call while waiting: throws Unanswered when `what`, begun at `start`, was given up or takes
  /// longer than the time limit.
  void check_patience(std::string_view what, std::chrono::steady_clock::time_point start) const;

 private:
  void run(std::string_view what, const std::function<void()>& collective);

  int rank_, size_;
  std::chrono::duration<double> timeout_;
  std::atomic<bool> given_up_ = false;
  std::atomic<std::int64_t> begun_ = 0;
  std::atomic<Watch*> watch_ = nullptr;
  bool failed_ = false;
};

/// into[i] = into[i] (op) from[i], for `count` numbers of a type that PyTorch computes with.
void reduce_into(void* into, const void* from, std::int64_t count, c10::ScalarType type,
                 Reduction reduction);

}  // namespace imgcls::dist
