#pragma once
// Collectives over TCP, around a ring of the ranks. Internal to dist/.
//
// For jobs whose launcher brings no MPI (torchrun's variables, srun). The allreduce is the usual
// reduce-scatter and allgather around the ring, in which each rank sends and receives twice its
// data at most, and each sum is made once, so that its bits are the same on all ranks.

#include <imgcls/dist/socket.h>
#include <imgcls/dist/transport.h>

#include <vector>

namespace imgcls::dist {

class TcpTransport final : public Transport {
 public:
  /// `next` goes to rank + 1, `previous` comes from rank - 1, modulo `size`.
  TcpTransport(int rank, int size, std::chrono::duration<double> timeout, Socket next,
               Socket previous);

 private:
  void do_barrier(std::string_view what) override;
  void do_broadcast(std::span<std::byte> bytes, int root, std::string_view what) override;
  void do_allreduce(const Numbers& numbers, Reduction reduction, std::string_view what) override;
  void do_allgather(std::span<const std::byte> mine, std::span<std::byte> all,
                    std::string_view what) override;
  /// Sends and receives at the same time: a ring in which all sent first would lock up.
  void exchange(std::span<const std::byte> out, std::span<std::byte> in, std::string_view what);

  int before(int steps) const { return (rank() - steps + 2 * size()) % size(); }

  Socket next_, previous_;
  std::vector<std::byte> received_;
};

}  // namespace imgcls::dist
