#pragma once
// Collectives over MPI. Internal to dist/.

#include <imgcls/dist/transport/transport.h>
#include <mpi.h>

namespace imgcls::dist {

/// Throws DistError with MPI's text when `code`, returned by `call`, is an error.
void check_mpi(int code, std::string_view call);

/// On a communicator of its own. MPI must have been started with MPI_THREAD_MULTIPLE.
///
/// Waiting polls: at first it only yields the core, which keeps short collectives fast; then it
/// also sleeps between looks, the longer the longer it has waited, so that computing threads have
/// the cores. The first sleeps are short: without CMA a large message comes in small pieces, of
/// which each look fetches a few.
class MpiTransport final : public Transport {
 public:
  /// Collective over `parent`, whose ranks it duplicates.
  MpiTransport(MPI_Comm parent, std::chrono::duration<double> timeout);

  void close() override;

 private:
  void do_barrier(std::string_view what) override;
  void do_broadcast(std::span<std::byte> bytes, int root, std::string_view what) override;
  void do_allgather(std::span<const std::byte> mine, std::span<std::byte> all,
                    std::string_view what) override;
  void exchange(std::span<const Outgoing> out, std::span<const Incoming> in,
                std::string_view what) override;
  /// Starts a collective by `start(&request)` and waits for it.
  template <class Start>
  void run(std::string_view what, const Start& start);
  void wait(std::span<MPI_Request> requests, std::string_view what);

  MPI_Comm comm_;
};

}  // namespace imgcls::dist
