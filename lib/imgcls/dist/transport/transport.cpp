#include <fmt/format.h>
#include <imgcls/core/error.h>
#include <imgcls/dist/heartbeat_monitor.h>
#include <imgcls/dist/transport/transport.h>

namespace imgcls::dist {

Transport::Transport(int rank, int size, std::chrono::duration<double> timeout,
                     std::int64_t slice_bytes)
    : rank_(rank), size_(size), timeout_(timeout), allreduce_(rank, size, slice_bytes) {}

Transport::~Transport() = default;

void Transport::run(std::string_view what, const std::function<void()>& collective) {
  if (failed_) {
    throw DistError(fmt::format("rank {}: {} after a collective that failed", rank_, what));
  }
  ++begun_;
  start_ = std::chrono::steady_clock::now();
  try {
    check_patience(what);
    collective();
  } catch (const Unanswered& failure) {
    failed_ = true;
    if (HeartbeatMonitor* monitor = monitor_) monitor->explain(*this, what, failure);
    throw;
  } catch (...) {
    failed_ = true;
    throw;
  }
}

void Transport::barrier(std::string_view what) {
  run(what, [&] { do_barrier(what); });
}

void Transport::broadcast(std::span<std::byte> bytes, int root, std::string_view what) {
  run(what, [&] { do_broadcast(bytes, root, what); });
}

void Transport::allreduce(const Numbers& numbers, Reduction reduction, std::string_view what) {
  run(what, [&] { allreduce_.run(numbers, reduction, exchange_of(what)); });
}

void Transport::sum_nodes(std::span<const Numbers> mine, const NodesOfRanks& nodes,
                          std::string_view what) {
  run(what, [&] { allreduce_.run(mine, nodes, Reduction::sum, exchange_of(what)); });
}

Exchange Transport::exchange_of(std::string_view what) {
  return [this, what](std::span<const Outgoing> out, std::span<const Incoming> in) {
    exchange(out, in, what);
  };
}

void Transport::allgather(std::span<const std::byte> mine, std::span<std::byte> all,
                          std::string_view what) {
  run(what, [&] { do_allgather(mine, all, what); });
}

std::chrono::duration<double> Transport::waited() const {
  return std::chrono::steady_clock::now() - start_;
}

void Transport::check_patience(std::string_view what) const {
  using Reason = Unanswered::Reason;
  if (given_up_) {
    throw Unanswered(Reason::given_up, fmt::format("rank {}: {} was given up", rank_, what));
  }
  if (waited() <= timeout_) return;
  throw Unanswered(
      Reason::too_long,
      fmt::format(
          "rank {}: {} did not finish within {:g} s: another rank is gone, stuck, or not at "
          "this point of the program",
          rank_, what, timeout_.count()));
}

}  // namespace imgcls::dist
