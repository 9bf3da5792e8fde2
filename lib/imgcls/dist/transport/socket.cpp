#include <arpa/inet.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <ifaddrs.h>
#include <imgcls/core/error.h>
#include <imgcls/core/log.h>
#include <imgcls/dist/transport/socket.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <memory>
#include <random>
#include <thread>
#include <vector>

namespace imgcls::dist {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::string_view kProtocol = "imgcls-2";
constexpr std::string_view kWelcome = "welcome\n";
constexpr std::string_view kHere = "here\n";  // not said by one that no longer waits for a welcome
constexpr std::size_t kLongestLine = 256;
constexpr milliseconds kPatienceOfOne{3000};  // with one address, or with one that connects

[[noreturn]] void fail(std::string_view what) {
  throw DistError(fmt::format("{}: {}", what, std::strerror(errno)));
}

Socket new_socket() {
  Socket socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket.is_open()) fail("cannot make a socket");
  return socket;
}

bool wait_for(const Socket& socket, short events, Deadline deadline) {
  const auto left = std::chrono::ceil<milliseconds>(deadline - steady_clock::now());
  if (left.count() <= 0) return false;
  pollfd poll_for{socket.get(), events, 0};
  return ::poll(&poll_for, 1, static_cast<int>(std::min<std::int64_t>(left.count(), 1 << 30))) > 0;
}

// Short lines at a time when nothing else is on the line: never more than the socket's buffer.
bool send_line(const Socket& socket, std::string_view line) {
  return ::send(socket.get(), line.data(), line.size(), MSG_NOSIGNAL) ==
         static_cast<ssize_t>(line.size());
}

// Empty when none came. Byte by byte: what follows the line belongs to others.
std::string receive_line(const Socket& socket, Deadline deadline) {
  std::string line;
  while (line.size() < kLongestLine && wait_for(socket, POLLIN, deadline)) {
    char next = 0;
    if (::recv(socket.get(), &next, 1, 0) != 1) return {};
    line.push_back(next);
    if (next == '\n') return line;
  }
  return {};
}

std::string line_of(const Greeting& greeting) {
  return fmt::format("{} {} {} {}\n", kProtocol, greeting.secret, greeting.channel, greeting.rank);
}

void send_without_delay(const Socket& socket) {
  const int on = 1;
  ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

Socket try_to_connect(const std::string& host, std::uint16_t port, const Greeting& greeting,
                      Deadline deadline) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  if (::inet_pton(AF_INET, host.c_str(), &address.sin_addr) != 1) return {};
  Socket socket = new_socket();
  const int started =
      ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address));
  if (started != 0 && errno != EINPROGRESS) return {};
  if (!wait_for(socket, POLLOUT, deadline)) return {};
  if (!send_line(socket, line_of(greeting))) return {};
  if (receive_line(socket, deadline) != kWelcome || !send_line(socket, kHere)) return {};
  send_without_delay(socket);
  return socket;
}

/// A connection that has not said all of its greeting, or not yet taken its welcome.
struct Newcomer {
  Socket socket;
  Deadline patience{};
  std::string line = {};
  int welcomed_as = -1;  // a rank

  bool has_spoken() const { return line.ends_with('\n'); }
};

// So many may stand there without a word; for one more the oldest has to go.
constexpr std::size_t kMostNewcomers = 200;

// A part of them at a time, so that whoever has to go was listened to.
void take_in(const Socket& listener, std::vector<Newcomer>& newcomers) {
  for (std::size_t i = 0; i < kMostNewcomers / 4; ++i) {
    Socket socket(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!socket.is_open()) return;
    if (newcomers.size() == kMostNewcomers) newcomers.erase(newcomers.begin());
    newcomers.push_back({std::move(socket), steady_clock::now() + kPatienceOfOne});
  }
}

// Reads what there is of the line. Whether more may come.
bool listen_to(Newcomer& newcomer) {
  while (newcomer.line.size() < kLongestLine && !newcomer.has_spoken()) {
    char next = 0;
    const ssize_t got = ::recv(newcomer.socket.get(), &next, 1, 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return true;
    if (got != 1) return false;
    newcomer.line.push_back(next);
  }
  return false;
}

// Returns when somebody has connected or spoken, or when a newcomer's patience has run out; false
// at the deadline.
bool wait_for_any(const Socket& listener, const std::vector<Newcomer>& newcomers,
                  Deadline deadline) {
  const Deadline now = steady_clock::now();
  if (now >= deadline) return false;
  std::vector<pollfd> poll_for{{listener.get(), POLLIN, 0}};
  Deadline until = deadline;
  for (const Newcomer& each : newcomers) {
    poll_for.push_back({each.socket.get(), POLLIN, 0});
    until = std::min(until, each.patience);
  }
  const auto left = std::chrono::ceil<milliseconds>(until - now).count();
  ::poll(poll_for.data(), poll_for.size(),
         static_cast<int>(std::clamp<std::int64_t>(left, 0, 1 << 30)));
  return true;
}

std::string peer_of(const Socket& socket) {
  sockaddr_in address{};
  socklen_t size = sizeof(address);
  std::array<char, INET_ADDRSTRLEN> text{};
  ::getpeername(socket.get(), reinterpret_cast<sockaddr*>(&address), &size);
  ::inet_ntop(AF_INET, &address.sin_addr, text.data(), text.size());
  return text.data();
}

// Welcomes one whose greeting is right.
bool welcome(Newcomer& newcomer, const std::string& beginning) {
  if (!newcomer.line.starts_with(beginning) || !newcomer.has_spoken()) return false;
  if (!send_line(newcomer.socket, kWelcome)) return false;
  newcomer.welcomed_as = std::stoi(newcomer.line.substr(beginning.size()));
  newcomer.line.clear();
  return true;
}

void check_rank(int rank, const std::set<int>& ranks, const std::map<int, Socket>& accepted) {
  if (ranks.contains(rank) && !accepted.contains(rank)) return;
  throw DistError(fmt::format("rank {} {}: is each rank's number given to one process alone?", rank,
                              ranks.contains(rank) ? "connects twice" : "is not awaited"));
}

[[noreturn]] void fail_for_missing(std::set<int> ranks, const std::map<int, Socket>& accepted,
                                   const Greeting& mine) {
  for (const auto& [rank, socket] : accepted) ranks.erase(rank);
  throw DistError(fmt::format(
      "rank {} waited in vain for {} {} to connect ({}): is its machine reachable, and "
      "does no firewall stand between them?",
      mine.rank, ranks.size() == 1 ? "rank" : "ranks", fmt::join(ranks, ", "), mine.channel));
}

std::vector<std::string> list_addresses() {
  ifaddrs* found = nullptr;
  if (::getifaddrs(&found) != 0) fail("cannot list this machine's network interfaces");
  const std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> owner(found, ::freeifaddrs);
  std::vector<std::string> hosts;
  for (const ifaddrs* each = found; each != nullptr; each = each->ifa_next) {
    const bool up = (each->ifa_flags & IFF_UP) != 0 && (each->ifa_flags & IFF_LOOPBACK) == 0;
    if (!up || each->ifa_addr == nullptr || each->ifa_addr->sa_family != AF_INET) continue;
    std::array<char, INET_ADDRSTRLEN> text{};
    const auto* address = reinterpret_cast<const sockaddr_in*>(each->ifa_addr);
    ::inet_ntop(AF_INET, &address->sin_addr, text.data(), text.size());
    hosts.emplace_back(text.data());
  }
  return hosts;
}

}  // namespace

void Socket::close() {
  if (descriptor_ >= 0) ::close(std::exchange(descriptor_, -1));
}

std::string addresses_of_this_machine() {
  std::string list;
  for (const std::string& host : list_addresses()) list += (list.empty() ? "" : ",") + host;
  return list;
}

std::string random_secret() {
  std::random_device device;
  return fmt::format("{:08x}{:08x}{:08x}{:08x}", device(), device(), device(), device());
}

Listener listen_for_ranks(bool loopback_only, std::uint16_t port) {
  Listener listener{new_socket(), {}, port};
  const int on = 1;
  ::setsockopt(listener.socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  sockaddr_in address{};
  socklen_t size = sizeof(address);
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(loopback_only ? INADDR_LOOPBACK : INADDR_ANY);
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (::bind(listener.socket.get(), generic, size) != 0 ||
      ::listen(listener.socket.get(), SOMAXCONN) != 0 ||
      ::getsockname(listener.socket.get(), generic, &size) != 0) {
    throw DistError(fmt::format("cannot listen on {}:{}: {}{}",
                                loopback_only ? "127.0.0.1" : "0.0.0.0", port, std::strerror(errno),
                                errno == EADDRINUSE ? "; choose another MASTER_PORT" : ""));
  }
  listener.port = ntohs(address.sin_port);
  listener.address = fmt::format("{}:{}", loopback_only ? "127.0.0.1" : addresses_of_this_machine(),
                                 listener.port);
  return listener;
}

Connection connect_to_rank(int to, std::string_view address, const Greeting& greeting,
                           Deadline deadline) {
  const std::size_t colon = address.rfind(':');
  const std::string port(address.substr(colon + 1));
  do {
    for (std::size_t start = 0; start < colon;) {
      const std::size_t end = std::min(address.find(',', start), colon);
      const std::string host(address.substr(start, end - start));
      const Deadline soon = std::min(deadline, steady_clock::now() + kPatienceOfOne);
      Socket socket =
          try_to_connect(host, static_cast<std::uint16_t>(std::stoi(port)), greeting, soon);
      if (socket.is_open()) return {std::move(socket), host};
      start = end + 1;
    }
    std::this_thread::sleep_for(milliseconds(100));
  } while (steady_clock::now() < deadline);
  throw DistError(
      fmt::format("rank {} cannot connect to rank {} at {}: is its machine reachable, and does no "
                  "firewall stand between them?",
                  greeting.rank, to, address));
}

std::map<int, Socket> accept_ranks(const Socket& listener, const std::set<int>& ranks,
                                   const Greeting& mine, Deadline deadline) {
  const std::string known = fmt::format("{} {} ", kProtocol, mine.secret);
  const std::string beginning = fmt::format("{}{} ", known, mine.channel);
  std::map<int, Socket> accepted;
  std::vector<Newcomer> newcomers;
  bool warned = false;
  while (accepted.size() < ranks.size()) {
    if (!wait_for_any(listener, newcomers, deadline)) fail_for_missing(ranks, accepted, mine);
    take_in(listener, newcomers);
    for (std::size_t i = 0; i < newcomers.size();) {
      Newcomer& newcomer = newcomers[i];
      const bool listening = listen_to(newcomer) && steady_clock::now() < newcomer.patience;
      if (listening || (newcomer.welcomed_as < 0 && welcome(newcomer, beginning))) {
        ++i;
        continue;
      }
      if (newcomer.line == kHere && newcomer.welcomed_as >= 0) {
        check_rank(newcomer.welcomed_as, ranks, accepted);
        send_without_delay(newcomer.socket);
        accepted[newcomer.welcomed_as] = std::move(newcomer.socket);
      } else if (!warned && newcomer.line.starts_with(kProtocol) &&
                 !newcomer.line.starts_with(known)) {
        warned = true;
        Log().warn(
            fmt::format("rank {} turned away a process at {} that does not know this job's "
                        "secret: it is of another job, or was given another IMGCLS_SECRET",
                        mine.rank, peer_of(newcomer.socket)));
      }
      newcomers.erase(newcomers.begin() + static_cast<std::ptrdiff_t>(i));
    }
  }
  return accepted;
}

}  // namespace imgcls::dist
