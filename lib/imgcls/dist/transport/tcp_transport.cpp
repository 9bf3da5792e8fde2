#include <fmt/format.h>
#include <imgcls/core/error.h>
#include <imgcls/dist/transport/tcp_transport.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace imgcls::dist {
namespace {

// Of a broadcast, which goes from rank to rank: each passes on one while it gets the next.
constexpr std::size_t kPiece = 1 << 20;
// Of an allreduce: what Linux' buffers hold from the start. Twice as much takes twice as long on
// one machine.
constexpr std::int64_t kTcpSliceBytes = 64 << 10;
constexpr int kLookUpMs = 50;  // how often a wait looks whether it has been given up

[[noreturn]] void lost(int other, std::string_view what, int code) {
  throw Unanswered(Unanswered::Reason::lost,
                   fmt::format("{}: lost the connection to rank {}{}{}", what, other,
                               code == 0 ? "" : ": ", code == 0 ? "" : std::strerror(code)));
}

bool would_block() {
  return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

}  // namespace

TcpTransport::TcpTransport(int rank, std::chrono::duration<double> timeout,
                           std::vector<Socket> peers)
    : Transport(rank, static_cast<int>(peers.size()), timeout, kTcpSliceBytes),
      peers_(std::move(peers)),
      lanes_(peers_.size()) {}

bool TcpTransport::send_some(int to, Lane& lane, std::string_view what) {
  bool any = false;
  while (lane.sends()) {
    auto& bytes = lane.out[lane.sent];
    const ssize_t sent = ::send(peers_[static_cast<std::size_t>(to)].get(), bytes.data(),
                                bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && !would_block()) lost(to, what, errno);
    if (sent <= 0) break;
    any = true;
    bytes = bytes.subspan(static_cast<std::size_t>(sent));
    if (bytes.empty()) ++lane.sent;
  }
  return any;
}

bool TcpTransport::receive_some(int from, Lane& lane, std::string_view what) {
  bool any = false;
  while (lane.receives()) {
    auto& bytes = lane.in[lane.received];
    const ssize_t got =
        ::recv(peers_[static_cast<std::size_t>(from)].get(), bytes.data(), bytes.size(), 0);
    if (got == 0) lost(from, what, 0);
    if (got < 0 && !would_block()) lost(from, what, errno);
    if (got < 0) break;
    any = true;
    bytes = bytes.subspan(static_cast<std::size_t>(got));
    if (bytes.empty()) ++lane.received;
  }
  return any;
}

void TcpTransport::poll_lanes() {
  std::vector<pollfd> polled;
  for (std::size_t peer = 0; peer < lanes_.size(); ++peer) {
    const Lane& lane = lanes_[peer];
    if (!lane.sends() && !lane.receives()) continue;
    const int events = (lane.sends() ? POLLOUT : 0) | (lane.receives() ? POLLIN : 0);
    polled.push_back({peers_[peer].get(), static_cast<short>(events), 0});
  }
  ::poll(polled.data(), polled.size(), kLookUpMs);
}

// Sends and receives at the same time: ranks that all sent first would lock up.
void TcpTransport::exchange(std::span<const Outgoing> out, std::span<const Incoming> in,
                            std::string_view what) {
  lanes_.assign(peers_.size(), {});
  for (const auto& [to, bytes] : out) {
    if (!bytes.empty()) lanes_[static_cast<std::size_t>(to)].out.push_back(bytes);
  }
  for (const auto& [from, bytes] : in) {
    if (!bytes.empty()) lanes_[static_cast<std::size_t>(from)].in.push_back(bytes);
  }
  for (;;) {
    bool moved = false, done = true;
    for (int step = 1; step < size(); ++step) {
      const int peer = (rank() + step) % size();
      Lane& lane = lanes_[static_cast<std::size_t>(peer)];
      moved |= send_some(peer, lane, what);
      moved |= receive_some(peer, lane, what);
      done &= !lane.sends() && !lane.receives();
    }
    if (done) return;
    check_patience(what);
    if (!moved) poll_lanes();
  }
}

void TcpTransport::do_barrier(std::string_view what) {
  std::byte mine{};
  std::vector<std::byte> all(static_cast<std::size_t>(size()));
  do_allgather({&mine, 1}, all, what);
}

void TcpTransport::do_broadcast(std::span<std::byte> bytes, int root, std::string_view what) {
  const int next = (rank() + 1) % size(), previous = (rank() + size() - 1) % size();
  const bool receives = rank() != root;
  const bool sends = next != root;
  for (std::size_t first = 0; first < bytes.size(); first += kPiece) {
    const auto piece = bytes.subspan(first, std::min(kPiece, bytes.size() - first));
    const Incoming in{previous, piece};
    const Outgoing out{next, piece};
    if (receives) exchange({}, {&in, 1}, what);
    if (sends) exchange({&out, 1}, {}, what);
  }
}

void TcpTransport::do_allgather(std::span<const std::byte> mine, std::span<std::byte> all,
                                std::string_view what) {
  const auto block = [&](int rank) {
    return all.subspan(static_cast<std::size_t>(rank) * mine.size(), mine.size());
  };
  std::copy(mine.begin(), mine.end(), block(rank()).begin());
  std::vector<Outgoing> out;
  std::vector<Incoming> in;
  for (int other = 0; other < size(); ++other) {
    if (other == rank()) continue;
    out.push_back({other, mine});
    in.push_back({other, block(other)});
  }
  exchange(out, in, what);
}

}  // namespace imgcls::dist
