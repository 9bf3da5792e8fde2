#include <c10/util/Flags.h>
#include <fmt/format.h>
#include <imgcls/core/error.h>
#include <imgcls/dist/rendezvous.h>
#include <imgcls/dist/socket.h>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>

#include <exception>
#include <utility>

C10_DECLARE_int(caffe2_log_level);

namespace imgcls::dist {
namespace {

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
    throw DistError(fmt::format("rank {} cannot {} {}:{}: {}", address.rank,
                                address.serves
                                    ? "serve the other ranks at"
                                    : "reach rank 0 (is it started, and the address right?) at",
                                address.host, address.port, reason.substr(0, reason.find('\n'))));
  }
}

}  // namespace

bool is_loopback(const std::string& host) {
  return host == "localhost" || host.starts_with("127.");
}

c10::intrusive_ptr<c10d::Store> open_store(const StoreAddress& address) {
  return open_tcp_store(address);
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
