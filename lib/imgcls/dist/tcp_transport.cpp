#include <fmt/format.h>
#include <imgcls/core/error.h>
#include <imgcls/dist/tcp_transport.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace imgcls::dist {
namespace {

using std::chrono::steady_clock;

constexpr std::size_t kPiece =
    1 << 20;                   // of a broadcast: the ring passes on one while it gets the next
constexpr int kLookUpMs = 50;  // how often a wait looks whether it has been given up

[[noreturn]] void lost(int other, std::string_view what, int code) {
  throw Unanswered(Unanswered::Reason::lost,
                   fmt::format("{}: lost the connection to rank {}{}{}", what, other,
                               code == 0 ? "" : ": ", code == 0 ? "" : std::strerror(code)));
}

bool would_block() {
  return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

// The part of `count` numbers that chunk `index` of `chunks` holds.
std::pair<std::int64_t, std::int64_t> chunk_of(std::int64_t count, int index, int chunks) {
  const std::int64_t first = count * index / chunks;
  return {first, count * (index + 1) / chunks - first};
}

}  // namespace

TcpTransport::TcpTransport(int rank, int size, std::chrono::duration<double> timeout, Socket next,
                           Socket previous)
    : Transport(rank, size, timeout), next_(std::move(next)), previous_(std::move(previous)) {}

void TcpTransport::exchange(std::span<const std::byte> out, std::span<std::byte> in,
                            std::string_view what) {
  const auto start = steady_clock::now();
  while (!out.empty() || !in.empty()) {
    std::array<pollfd, 2> polled{
        pollfd{out.empty() ? -1 : next_.get(), POLLOUT, 0},
        pollfd{in.empty() ? -1 : previous_.get(), POLLIN, 0},
    };
    ::poll(polled.data(), polled.size(), kLookUpMs);
    if (polled[0].revents != 0) {
      const ssize_t sent = ::send(next_.get(), out.data(), out.size(), MSG_NOSIGNAL);
      if (sent < 0 && !would_block()) lost(before(-1), what, errno);
      if (sent > 0) out = out.subspan(static_cast<std::size_t>(sent));
    }
    if (polled[1].revents != 0) {
      const ssize_t got = ::recv(previous_.get(), in.data(), in.size(), 0);
      if (got == 0) lost(before(1), what, 0);
      if (got < 0 && !would_block()) lost(before(1), what, errno);
      if (got > 0) in = in.subspan(static_cast<std::size_t>(got));
    }
    check_patience(what, start);
  }
}

void TcpTransport::do_barrier(std::string_view what) {
  std::byte mine{};
  std::vector<std::byte> all(static_cast<std::size_t>(size()));
  do_allgather({&mine, 1}, all, what);
}

void TcpTransport::do_broadcast(std::span<std::byte> bytes, int root, std::string_view what) {
  const bool receives = rank() != root;
  const bool sends = before(-1) != root;
  for (std::size_t first = 0; first < bytes.size(); first += kPiece) {
    const auto piece = bytes.subspan(first, std::min(kPiece, bytes.size() - first));
    if (receives) exchange({}, piece, what);
    if (sends) exchange(piece, {}, what);
  }
}

void TcpTransport::do_allreduce(const Numbers& numbers, Reduction reduction,
                                std::string_view what) {
  const auto element = static_cast<std::int64_t>(c10::elementSize(numbers.type));
  auto* data = static_cast<std::byte*>(numbers.data);
  const auto bytes_of = [&](int index) {
    const auto [first, count] = chunk_of(numbers.count, index, size());
    return std::span(data + first * element, static_cast<std::size_t>(count * element));
  };
  // Reduce-scatter: after it, this rank holds the whole sum of chunk before(-1).
  for (int step = 0; step + 1 < size(); ++step) {
    const std::span<std::byte> sum = bytes_of(before(step + 1));
    received_.resize(sum.size());
    exchange(bytes_of(before(step)), received_, what);
    if (sum.empty()) continue;
    reduce_into(sum.data(), received_.data(), static_cast<std::int64_t>(sum.size()) / element,
                numbers.type, reduction);
  }
  for (int step = 0; step + 1 < size(); ++step) {
    exchange(bytes_of(before(step - 1)), bytes_of(before(step)), what);
  }
}

void TcpTransport::do_allgather(std::span<const std::byte> mine, std::span<std::byte> all,
                                std::string_view what) {
  const auto block = [&](int rank) {
    return all.subspan(static_cast<std::size_t>(rank) * mine.size(), mine.size());
  };
  std::copy(mine.begin(), mine.end(), block(rank()).begin());
  for (int step = 0; step + 1 < size(); ++step) {
    exchange(block(before(step)), block(before(step + 1)), what);
  }
}

}  // namespace imgcls::dist
