#pragma once
// TCP connections between the ranks of a job, with time limits. Internal to dist/.
//
// Ranks learn each other's addresses, and a secret that only they know, from the launcher's own
// means (MPI, or a store); whoever connects must say the secret first. IPv4.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>

namespace imgcls::dist {

using Deadline = std::chrono::steady_clock::time_point;

/// A socket, closed when this goes.
class Socket {
 public:
  Socket() = default;
  explicit Socket(int descriptor) : descriptor_(descriptor) {}
  ~Socket() { close(); }
  Socket(Socket&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  Socket& operator=(Socket&& other) noexcept {
    if (this != &other) {
      close();
      descriptor_ = std::exchange(other.descriptor_, -1);
    }
    return *this;
  }

  int get() const { return descriptor_; }
  /// Hands the descriptor over.
  int release() { return std::exchange(descriptor_, -1); }
  bool is_open() const { return descriptor_ >= 0; }
  void close();

 private:
  int descriptor_ = -1;
};

/// Where a rank can be reached.
struct Listener {
  Socket socket;
  /// "10.0.0.1,192.168.0.1:4711": every address of this machine, and the port.
  std::string address;
  std::uint16_t port = 0;
};

/// What a rank says when it connects.
struct Greeting {
  std::string secret;   ///< of the job
  std::string channel;  ///< what the connection is for
  int rank = 0;         ///< who connects
};

/// Every address of this machine but the loopback interface's: "10.0.0.1,192.168.0.1". Throws
/// DistError.
std::string addresses_of_this_machine();

/// A secret of 128 random bits, in hexadecimal.
std::string random_secret();

/// Listens on `port`, or on a free one where that is 0: of the loopback interface alone where all
/// ranks are on this machine, else of all interfaces. Throws DistError.
Listener listen_for_ranks(bool loopback_only, std::uint16_t port = 0);

/// A connection to a rank, and the one of its addresses that answered.
struct Connection {
  Socket socket;
  std::string host;
};

/// Tries each of `address` (Listener::address) until rank `to` there has accepted the greeting.
/// Throws DistError at the deadline.
Connection connect_to_rank(int to, std::string_view address, const Greeting& greeting,
                           Deadline deadline);

/// Connections from all of `ranks`, which connect for `mine.channel` with the right secret. Others
/// are turned away: at once, or where they say nothing after three seconds, for which nobody else
/// has to wait. Throws DistError at the deadline, naming the ranks that have not come, and when a
/// rank comes that is none of them, or twice.
std::map<int, Socket> accept_ranks(const Socket& listener, const std::set<int>& ranks,
                                   const Greeting& mine, Deadline deadline);

}  // namespace imgcls::dist
