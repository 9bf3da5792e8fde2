#pragma once
// Collectives over TCP, on connections between each two ranks. Internal to dist/.
//
// For jobs whose launcher brings no MPI (torchrun's variables, srun).

#include <imgcls/dist/transport/socket.h>
#include <imgcls/dist/transport/transport.h>

#include <vector>

namespace imgcls::dist {

class TcpTransport final : public Transport {
 public:
  /// `peers[r]` goes to rank r; there is none to this rank.
  TcpTransport(int rank, std::chrono::duration<double> timeout, std::vector<Socket> peers);

 private:
  /// What one connection still has to send and to receive.
  struct Lane {
    std::vector<std::span<const std::byte>> out;
    std::vector<std::span<std::byte>> in;
    std::size_t sent = 0, received = 0;  // of these, wholly
    bool sends() const { return sent < out.size(); }
    bool receives() const { return received < in.size(); }
  };

  void do_barrier(std::string_view what) override;
  void do_broadcast(std::span<std::byte> bytes, int root, std::string_view what) override;
  void do_allgather(std::span<const std::byte> mine, std::span<std::byte> all,
                    std::string_view what) override;
  void exchange(std::span<const Outgoing> out, std::span<const Incoming> in,
                std::string_view what) override;
  /// Both do what can be done at once, and say whether that was anything.
  bool send_some(int to, Lane& lane, std::string_view what);
  bool receive_some(int from, Lane& lane, std::string_view what);
  /// Until a lane can go on, but not for long.
  void poll_lanes();

  std::vector<Socket> peers_;
  std::vector<Lane> lanes_;  // of the exchange under way
};

}  // namespace imgcls::dist
