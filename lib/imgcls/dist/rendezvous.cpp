#include <arpa/inet.h>
#include <fmt/format.h>
#include <imgcls/core/error.h>
#include <imgcls/dist/rendezvous.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>

#include <array>
#include <cerrno>
#include <cstring>

namespace imgcls::dist {
namespace {

constexpr const char* kLoopback = "127.0.0.1";

// A socket that listens on a free port of the loopback interface. The store takes it over.
int listen_on_loopback() {
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (listener < 0 ||
      ::bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0 ||
      ::listen(listener, SOMAXCONN) != 0) {
    throw DistError(fmt::format("cannot listen on {}: {}", kLoopback, std::strerror(errno)));
  }
  return listener;
}

std::uint16_t port_of(int listener) {
  sockaddr_in address{};
  socklen_t size = sizeof(address);
  if (::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    throw DistError(fmt::format("cannot read a socket's port: {}", std::strerror(errno)));
  }
  return ntohs(address.sin_port);
}

std::string host_name() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0) {
    throw DistError(fmt::format("cannot read this machine's name: {}", std::strerror(errno)));
  }
  return name.data();
}

}  // namespace

c10::intrusive_ptr<c10d::Store> make_store(World& world, std::chrono::milliseconds timeout) {
  const bool one_machine = world.local_size() == world.size();
  c10d::TCPStoreOptions options;
  options.timeout = timeout;
  options.waitWorkers = false;

  c10::intrusive_ptr<c10d::TCPStore> store;
  std::string port;
  if (world.is_first()) {
    options.isServer = true;
    options.port = 0;
    if (one_machine) {
      options.masterListenFd = listen_on_loopback();
      options.port = port_of(*options.masterListenFd);
    }
    store = c10::make_intrusive<c10d::TCPStore>(kLoopback, options);
    port = std::to_string(store->getPort());
  }
  port = world.broadcast(port);
  const std::string host = world.broadcast(one_machine ? kLoopback : host_name());
  if (!world.is_first()) {
    options.port = static_cast<std::uint16_t>(std::stoi(port));
    store = c10::make_intrusive<c10d::TCPStore>(host, options);
  }
  return store;
}

}  // namespace imgcls::dist
