#include <fmt/format.h>
#include <imgcls/core/error.h>
#include <imgcls/dist/launch/reach.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <thread>

namespace imgcls::dist {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

/// getaddrinfo's answer: 0, or an error of its own.
int look_up(const std::string& host, const std::string& port, addrinfo*& found) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV;
  const Deadline deadline = steady_clock::now() + std::chrono::seconds(1);
  for (;;) {
    const int error = ::getaddrinfo(host.c_str(), port.c_str(), &hints, &found);
    if (error != EAI_AGAIN || steady_clock::now() >= deadline) return error;
    std::this_thread::sleep_for(milliseconds(200));
  }
}

std::string text_of(const addrinfo& info) {
  std::array<char, NI_MAXHOST> text{};
  const int error = ::getnameinfo(info.ai_addr, info.ai_addrlen, text.data(), text.size(), nullptr,
                                  0, NI_NUMERICHOST);
  return error == 0 ? text.data() : "?";
}

const sockaddr* generic(const HostAddress& host) {
  return reinterpret_cast<const sockaddr*>(&host.address);
}

std::string try_to_reach(const HostAddress& host, milliseconds patience) {
  const Socket socket(
      ::socket(host.address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket.is_open()) return std::strerror(errno);
  if (::connect(socket.get(), generic(host), host.size) == 0) return {};
  if (errno != EINPROGRESS) return std::strerror(errno);
  pollfd poll_for{socket.get(), POLLOUT, 0};
  if (::poll(&poll_for, 1, static_cast<int>(patience.count())) < 1) return "no answer";
  int error = 0;
  socklen_t size = sizeof(error);
  ::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &error, &size);
  return error == 0 ? std::string() : std::strerror(error);
}

}  // namespace

std::vector<HostAddress> resolve(const std::string& host, std::uint16_t port,
                                 const std::string& called) {
  addrinfo* found = nullptr;
  const int error = look_up(host, std::to_string(port), found);
  if (error != 0) {
    throw DistError(
        fmt::format("{}: no such host is known here ({}); give a name or an address of "
                    "rank 0's machine that all machines know",
                    called, ::gai_strerror(error)));
  }
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(found, ::freeaddrinfo);
  std::vector<HostAddress> addresses;
  for (const addrinfo* each = found; each != nullptr; each = each->ai_next) {
    HostAddress& address = addresses.emplace_back();
    std::memcpy(&address.address, each->ai_addr, each->ai_addrlen);
    address.size = each->ai_addrlen;
    address.text = text_of(*each);
  }
  return addresses;
}

// Only an address of this machine's can be bound to.
bool is_this_machine(const std::vector<HostAddress>& host) {
  return std::any_of(host.begin(), host.end(), [](HostAddress address) {
    if (address.address.ss_family == AF_INET) {
      reinterpret_cast<sockaddr_in*>(&address.address)->sin_port = 0;
    } else if (address.address.ss_family == AF_INET6) {
      reinterpret_cast<sockaddr_in6*>(&address.address)->sin6_port = 0;
    }
    const Socket socket(::socket(address.address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    return socket.is_open() && ::bind(socket.get(), generic(address), address.size) == 0;
  });
}

std::string try_to_reach(const std::vector<HostAddress>& host, milliseconds patience) {
  std::string reason = "no address";
  for (const HostAddress& address : host) {
    reason = try_to_reach(address, patience);
    if (reason.empty()) break;
  }
  return reason;
}

}  // namespace imgcls::dist
