#include <c10/util/Flags.h>
#include <fmt/format.h>
#include <imgcls/core/error.h>
#include <imgcls/core/log.h>
#include <imgcls/dist/launch/reach.h>
#include <imgcls/dist/launch/rendezvous.h>
#include <imgcls/dist/transport/socket.h>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

C10_DECLARE_int(caffe2_log_level);

namespace imgcls::dist {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::chrono::seconds kSilence{5};      // before a warning
constexpr std::chrono::seconds kPatience{3};     // for an answer to one try
constexpr std::chrono::seconds kOwnAddress{10};  // for rank 0 to reach itself
constexpr std::chrono::seconds kSilenceOfFirst{1};

// c10d prints a page with a stack trace for each try to connect; the error thrown says it in a
// line.
class QuietC10d {
 public:
  QuietC10d() { FLAGS_caffe2_log_level = 3; }  // fatal errors alone
  ~QuietC10d() { FLAGS_caffe2_log_level = before_; }
  QuietC10d(const QuietC10d&) = delete;
  QuietC10d& operator=(const QuietC10d&) = delete;

 private:
  int before_ = FLAGS_caffe2_log_level;
};

/// Warns of something that takes long: says `message` when this still lives after a time.
class Warning {
 public:
  Warning(std::chrono::seconds after, const std::string& message)
      : thread_([after, message](const std::stop_token& over) {
          std::mutex mutex;
          std::unique_lock lock(mutex);
          std::condition_variable_any never;
          never.wait_for(lock, over, after, [] { return false; });
          if (!over.stop_requested()) Log().warn(message);
        }) {}

 private:
  std::jthread thread_;
};

double seconds(milliseconds time) {
  return std::chrono::duration<double>(time).count();
}

/// "node1:29500 (MASTER_ADDR)"
std::string place(const StoreAddress& address) {
  const std::string variable =
      address.variable.empty() ? "" : fmt::format(" ({})", address.variable);
  return fmt::format("{}:{}{}", address.host, address.port, variable);
}

/// `MASTER_ADDR is "node1"`
std::string called(const StoreAddress& address) {
  return fmt::format("{} is \"{}\"",
                     address.variable.empty() ? "rank 0's address" : address.variable,
                     address.host);
}

c10::intrusive_ptr<c10d::TCPStore> open_tcp_store(const StoreAddress& address) {
  c10d::TCPStoreOptions options;
  options.timeout = address.timeout;
  options.waitWorkers = false;
  options.port = address.port;
  options.isServer = address.serves;
  try {
    if (address.serves && is_loopback(address.host)) {
      Listener listener = listen_for_ranks(/*loopback_only=*/true, address.port);
      options.port = listener.port;
      options.masterListenFd = listener.socket.release();  // the store takes it over
    }
    const QuietC10d quiet;
    return c10::make_intrusive<c10d::TCPStore>(address.host, options);
  } catch (const std::exception& e) {
    const std::string reason = e.what();
    throw DistError(fmt::format("rank {} cannot {} {}: {}", address.rank,
                                address.serves
                                    ? "serve the other ranks at"
                                    : "reach rank 0 (is it started, and the address right?) at",
                                place(address), reason.substr(0, reason.find('\n'))));
  }
}

void wait_until_reachable(const StoreAddress& address, const std::vector<HostAddress>& host,
                          Deadline deadline) {
  const Deadline silent_until = steady_clock::now() + kSilence;
  for (bool warned = false;;) {
    const auto left = std::chrono::ceil<milliseconds>(deadline - steady_clock::now());
    const std::string reason =
        try_to_reach(host, std::clamp<milliseconds>(left, milliseconds(1), kPatience));
    if (reason.empty()) return;
    const std::string what =
        fmt::format("rank {} cannot reach rank 0 at {}: {}", address.rank, place(address), reason);
    const Deadline now = steady_clock::now();
    if (now >= deadline) {
      throw DistError(fmt::format("{}, for {:g} s. Is it started, and the address right?", what,
                                  seconds(address.timeout)));
    }
    if (!warned && now >= silent_until) {
      Log().warn(
          fmt::format("{}. Is it started, and the address right? It is tried until {:g} s "
                      "have passed",
                      what, seconds(address.timeout)));
      warned = true;
    }
    std::this_thread::sleep_for(std::min<Deadline::duration>(milliseconds(200), deadline - now));
  }
}

c10::intrusive_ptr<c10d::TCPStore> join_store(StoreAddress address,
                                              const std::vector<HostAddress>& host) {
  const milliseconds whole = address.timeout;
  const Deadline deadline = steady_clock::now() + whole;
  wait_until_reachable(address, host, deadline);
  const auto left = std::chrono::ceil<milliseconds>(deadline - steady_clock::now());
  address.timeout = std::max(left, milliseconds(1));
  const Warning warning(kSilence,
                        fmt::format("rank {} has a connection to {}, but no answer: is it rank 0 "
                                    "that listens there?",
                                    address.rank, place(address)));
  auto store = open_tcp_store(address);
  store->setTimeout(whole);
  return store;
}

c10::intrusive_ptr<c10d::TCPStore> serve_store(StoreAddress address,
                                               const std::vector<HostAddress>& host) {
  if (is_this_machine(host)) return open_tcp_store(address);
  const std::string& number = host.front().text;
  const std::string what = fmt::format(
      "{}{}, which is not an address of rank 0's machine; its own are {}", called(address),
      number == address.host ? "" : " (" + number + ")", addresses_of_this_machine());
  // It may be reached by an address that is forwarded to it (a service of Kubernetes).
  const milliseconds whole = address.timeout;
  address.timeout = std::min<milliseconds>(whole, kOwnAddress);
  const Warning warning(kSilenceOfFirst, what + ". It is tried for ten seconds");
  try {
    auto store = open_tcp_store(address);
    store->setTimeout(whole);
    return store;
  } catch (const DistError& e) {
    throw DistError(fmt::format("{}: {}", what, e.what()));
  }
}

}  // namespace

bool is_loopback(const std::string& host) {
  return host == "localhost" || host.starts_with("127.");
}

c10::intrusive_ptr<c10d::Store> open_store(const StoreAddress& address) {
  const std::vector<HostAddress> host = resolve(address.host, address.port, called(address));
  return address.serves ? serve_store(address, host) : join_store(address, host);
}

c10::intrusive_ptr<c10d::Store> make_store(World& world, const std::string& first_host,
                                           std::chrono::milliseconds timeout) {
  StoreAddress address{
      .host = first_host, .serves = world.is_first(), .timeout = timeout, .rank = world.rank()};
  c10::intrusive_ptr<c10d::TCPStore> store;
  if (world.is_first()) store = open_tcp_store(address);
  const std::string port = world.broadcast(store ? std::to_string(store->getPort()) : "");
  if (store) return store;
  address.port = static_cast<std::uint16_t>(std::stoi(port));
  return open_tcp_store(address);
}

}  // namespace imgcls::dist
