#pragma once
// Key-value stores by which ranks find each other (c10d's TCPStore). Internal to dist/.
//
// They authenticate nobody. With a loopback address they listen on that interface alone; otherwise
// on all interfaces of rank 0's machine, which must lie in a network one trusts (as PyTorch's
// security page says of its own).

#include <c10/util/intrusive_ptr.h>
#include <imgcls/dist/world.h>

#include <chrono>
#include <cstdint>
#include <string>

namespace c10d {
class Store;
}

namespace imgcls::dist {

/// Whether `host` names this machine's loopback interface.
bool is_loopback(const std::string& host);

struct StoreAddress {
  std::string host;
  std::uint16_t port = 0;
  bool serves = false;  ///< this process is the server, and listens on `port`; 0: on a free one
  std::chrono::milliseconds timeout{300000};
  int rank = 0;  ///< for messages
  /// The environment variable that `host` comes from, for messages; empty: from none.
  std::string variable = {};
};

/// A client of the store at that address, and its server where `serves`.
///
/// A host that does not exist is an error at once. One that does not answer may be about to start:
/// it is tried until `timeout`, and after five seconds a warning says why it cannot be reached and
/// how long this goes on. A server that is to listen on another machine's address is an error after
/// ten seconds, unless it can be reached there all the same. Throws DistError.
c10::intrusive_ptr<c10d::Store> open_store(const StoreAddress& address);

/// A store for a world that has none: rank 0 serves it on a free port of `first_host`, by which the
/// others reach it. Collective over `world`. Throws DistError.
c10::intrusive_ptr<c10d::Store> make_store(World& world, const std::string& first_host,
                                           std::chrono::milliseconds timeout);

}  // namespace imgcls::dist
