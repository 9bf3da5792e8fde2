#pragma once
// Whether a host that the user names exists, is this machine, and answers. Internal to dist/.

#include <imgcls/dist/transport/socket.h>

#include <sys/socket.h>

#include <cstdint>
#include <string>
#include <vector>

namespace imgcls::dist {

/// Where a host can be reached.
struct HostAddress {
  sockaddr_storage address{};
  socklen_t size = 0;
  std::string text{};  ///< "10.0.0.1"
};

/// The addresses of `host`, a name or an address. Throws DistError, which begins with `called`
/// (`MASTER_ADDR is "node1"`), where there is no such host. A name server that is short of an
/// answer is asked again for a second.
std::vector<HostAddress> resolve(const std::string& host, std::uint16_t port,
                                 const std::string& called);

/// Whether one of them is this machine's own.
bool is_this_machine(const std::vector<HostAddress>& host);

/// Connects to one of them, each of which has `patience` to answer, and hangs up. Empty, or why
/// that cannot be done ("Connection refused").
std::string try_to_reach(const std::vector<HostAddress>& host, std::chrono::milliseconds patience);

}  // namespace imgcls::dist
