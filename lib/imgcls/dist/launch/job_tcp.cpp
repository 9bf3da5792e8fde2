#include <fmt/format.h>
#include <imgcls/core/error.h>
#include <imgcls/dist/launch/job_secret.h>
#include <imgcls/dist/launch/job_tcp.h>
#include <imgcls/dist/launch/rendezvous.h>
#include <imgcls/dist/transport/mesh.h>
#include <imgcls/dist/transport/tcp_transport.h>
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>

#include <cstdlib>
#include <vector>

namespace imgcls::dist {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

class TcpJob final : public Job {
 public:
  TcpJob(const Launched& launched, std::chrono::duration<double> timeout);

  std::string_view backend() const override { return "tcp"; }
  std::unique_ptr<Transport> open(const std::string& channel) override;
  c10::intrusive_ptr<c10d::Store> store() override { return store_; }
  void finish() override {}
  [[noreturn]] void abort(int code) override { std::_Exit(code); }

 private:
  std::string agree_on_secret();
  std::string read(const std::string& key, int from);

  Launched launched_;
  std::chrono::duration<double> timeout_;
  c10::intrusive_ptr<c10d::Store> store_;
  std::string secret_;
};

TcpJob::TcpJob(const Launched& launched, std::chrono::duration<double> timeout)
    : launched_(launched), timeout_(timeout) {
  const bool serves = launched.rank == 0 && !launched.store_is_there;
  const auto limit = std::chrono::duration_cast<milliseconds>(timeout);
  store_ = c10::make_intrusive<c10d::PrefixStore>(fmt::format("imgcls/{}", launched.attempt),
                                                  open_store({.host = launched.host,
                                                              .port = launched.port,
                                                              .serves = serves,
                                                              .timeout = limit,
                                                              .rank = launched.rank,
                                                              .variable = launched.host_variable}));
  secret_ = agree_on_secret();
}

// A secret that the user gave does not go into the store, which anybody may read.
std::string TcpJob::agree_on_secret() {
  constexpr const char* kGiven = "given to each rank";
  std::string given = given_secret();
  if (launched_.rank == 0) store_->set("secret", given.empty() ? random_secret() : kGiven);
  std::string stored = read("secret", 0);
  if ((stored == kGiven) == given.empty()) {
    throw DistError(
        fmt::format("IMGCLS_SECRET or IMGCLS_SECRET_FILE is set for rank {} and not for rank {}: "
                    "give all ranks of the job the same secret, or none",
                    given.empty() ? 0 : launched_.rank, given.empty() ? launched_.rank : 0));
  }
  return given.empty() ? stored : given;
}

std::string TcpJob::read(const std::string& key, int from) {
  try {
    return store_->get_to_str(key);
  } catch (const std::exception&) {
    throw DistError(
        fmt::format("rank {} of {} ({}) waited {:g} s for rank {} to join: was it started?",
                    launched_.rank, launched_.size, launched_.name, timeout_.count(), from));
  }
}

std::unique_ptr<Transport> TcpJob::open(const std::string& channel) {
  const auto key = [&](int rank) { return fmt::format("{}/{}", channel, rank); };
  const Listener listener = listen_for_ranks(is_loopback(launched_.host));
  store_->set(key(launched_.rank), listener.address);
  std::vector<std::string> addresses;
  for (int rank = 0; rank < launched_.size; ++rank) addresses.push_back(read(key(rank), rank));

  const auto deadline =
      steady_clock::now() + std::chrono::duration_cast<steady_clock::duration>(timeout_);
  return std::make_unique<TcpTransport>(
      launched_.rank, timeout_,
      connect_to_all(listener.socket, addresses,
                     {.secret = secret_, .channel = channel, .rank = launched_.rank}, deadline));
}

}  // namespace

std::unique_ptr<Job> join_tcp_job(const Launched& launched, std::chrono::duration<double> timeout) {
  return std::make_unique<TcpJob>(launched, timeout);
}

}  // namespace imgcls::dist
