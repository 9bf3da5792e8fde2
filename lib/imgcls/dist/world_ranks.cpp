#include <fmt/format.h>
#include <imgcls/core/cores.h>
#include <imgcls/core/error.h>
#include <imgcls/core/log.h>
#include <imgcls/dist/agree.h>
#include <imgcls/dist/device.h>
#include <imgcls/dist/heartbeat_monitor.h>
#include <imgcls/dist/launch/rendezvous.h>
#include <imgcls/dist/machine_identity.h>
#include <imgcls/dist/queue_backend.h>
#include <imgcls/dist/time_limit.h>
#include <imgcls/dist/transport/socket.h>
#include <imgcls/dist/world_ranks.h>
#include <torch/csrc/distributed/c10d/HashStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroup.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <thread>
#include <utility>

namespace imgcls::dist {
namespace {

using std::chrono::steady_clock;

class RanksWorld final : public World {
 public:
  RanksWorld(std::unique_ptr<Job> job, const LaunchOptions& options);
  ~RanksWorld() override;

  std::string_view backend() const override { return backend_; }
  c10d::ProcessGroup* process_group() override { return group_.get(); }

  void barrier() override { control_->barrier("barrier"); }
  void sum(std::span<std::int64_t> values) override {
    reduce(values, c10::ScalarType::Long, Reduction::sum, "sum");
  }
  void sum(std::span<double> values) override {
    reduce(values, c10::ScalarType::Double, Reduction::sum, "sum");
  }
  std::int64_t max(std::int64_t value) override;
  std::string broadcast(std::string_view text) override;
  std::vector<std::string> gather(std::string_view text) override;
  [[noreturn]] void abort(int code, std::string_view reason) override;

 private:
  void find_machines();
  void start_watch();
  std::map<int, Socket> connect_watch();
  Device agree_on_device(DeviceKind kind);
  void connect_gradients(const Device& device);
  void end_collectives() noexcept;
  template <class Value>
  void reduce(std::span<Value> values, c10::ScalarType type, Reduction reduction,
              std::string_view what);

  std::unique_ptr<Job> job_;
  std::chrono::duration<double> timeout_;
  int exceptions_at_start_ = std::uncaught_exceptions();
  std::string backend_;
  bool shares_machine_of_first_ = true;   // rank 0's machine has another rank that can speak for it
  std::string first_host_ = "127.0.0.1";  // by which this rank reaches rank 0
  std::vector<std::byte> memory_;         // of the control channel's collectives
  std::unique_ptr<Transport> control_, gradients_;
  c10::intrusive_ptr<QueueBackend> cpu_;
  c10::intrusive_ptr<c10d::Backend> nccl_;
  std::atomic<c10d::Backend*> nccl_running_ = nullptr;
  c10::intrusive_ptr<c10d::ProcessGroup> group_;
  std::unique_ptr<HeartbeatMonitor> monitor_;
};

RanksWorld::RanksWorld(std::unique_ptr<Job> job, const LaunchOptions& options)
    : job_(std::move(job)), timeout_(options.timeout_s), backend_(job_->backend()) {
  control_ = job_->open("control");
  rank_ = control_->rank();
  size_ = control_->size();
  find_machines();
  if (size_ > 1) {
    gradients_ = job_->open("gradients");
    start_watch();
  }
  const Device device = agree_on_device(options.device);
  device_ = device.name;
  if (size_ > 1) connect_gradients(device);
}

// An error is all ranks' own: they part without a word of alarm.
Device RanksWorld::agree_on_device(DeviceKind kind) {
  try {
    return choose_device(kind, *this);
  } catch (const RankFailure&) {
    throw;
  } catch (const DistError& e) {
    barrier();
    if (monitor_) monitor_->leave();
    throw AgreedError(e.what());
  }
}

void RanksWorld::find_machines() {
  const std::vector<std::string> machines = gather(machine_identity());
  const std::string& mine = machines[static_cast<std::size_t>(rank_)];
  local_rank_ = static_cast<int>(std::count(machines.begin(), machines.begin() + rank_, mine));
  local_size_ = static_cast<int>(std::count(machines.begin(), machines.end(), mine));
  shares_machine_of_first_ = machines.front() == mine;

  // Ranks that are bound to cores of their own may share a quota all the same.
  const auto sharers = [&](const std::string& what) {
    const std::vector<std::string> those = gather(what);
    int count = 0;
    for (std::size_t rank = 0; rank < machines.size(); ++rank) {
      if (machines[rank] == mine && those[rank] == what) ++count;
    }
    return count;
  };
  const std::optional<CpuQuota> quota = cpu_quota();
  const int bound = bound_cores() / sharers(usable_core_set());
  const int sharing_quota = sharers(quota ? quota->group : "");
  cores_ = std::max(1, quota ? std::min(bound, whole_cores(*quota) / sharing_quota) : bound);
}

void RanksWorld::start_watch() {
  monitor_ = std::make_unique<HeartbeatMonitor>(
      HeartbeatOptions{.rank = rank_,
                       .size = size_,
                       .timeout_s = timeout_.count(),
                       .speaks_without_first = local_rank_ == (shares_machine_of_first_ ? 1 : 0)},
      connect_watch(), [this] { end_collectives(); });
  for (Transport* transport : {control_.get(), gradients_.get()}) {
    monitor_->add(*transport);
    transport->set_monitor(monitor_.get());
  }
}

std::map<int, Socket> RanksWorld::connect_watch() {
  const auto deadline =
      steady_clock::now() + std::chrono::duration_cast<steady_clock::duration>(timeout_);
  Listener listener;
  std::string secret;
  if (is_first()) {
    listener = listen_for_ranks(local_size_ == size_);
    secret = random_secret();
  }
  const std::string address = broadcast(listener.address);
  const Greeting greeting{.secret = broadcast(secret), .channel = "watch", .rank = rank_};
  std::map<int, Socket> peers;
  if (is_first()) {
    std::set<int> others;
    for (int rank = 1; rank < size_; ++rank) others.insert(rank);
    peers = accept_ranks(listener.socket, others, greeting, deadline);
  } else {
    Connection connection = connect_to_rank(0, address, greeting, deadline);
    first_host_ = connection.host;
    peers[0] = std::move(connection.socket);
  }
  // Rank 0 takes an address that works from elsewhere for its own, too.
  const std::vector<std::string> hosts = gather(first_host_);
  if (is_first()) first_host_ = hosts.back();
  return peers;
}

void RanksWorld::connect_gradients(const Device& device) {
  using c10d::ProcessGroup;
  const auto timeout = std::chrono::duration_cast<std::chrono::milliseconds>(timeout_);
  cpu_ = c10::make_intrusive<QueueBackend>(*gradients_);
  c10::intrusive_ptr<c10d::Store> store = c10::make_intrusive<c10d::HashStore>();
  if (device.plugin != nullptr) {
    store = job_->store();
    if (!store) store = make_store(*this, first_host_, timeout);
  }
  group_ = c10::make_intrusive<ProcessGroup>(store, rank_, size_);
  group_->setBackend(c10::DeviceType::CPU, ProcessGroup::CUSTOM, cpu_);
  group_->setDefaultBackend(ProcessGroup::CUSTOM);
  if (device.plugin == nullptr) return;
  nccl_ = device.plugin->connect_nccl(store, rank_, size_, timeout);
  nccl_running_ = nccl_.get();
  group_->setBackend(c10::DeviceType::CUDA, ProcessGroup::NCCL, nccl_);
  group_->setDefaultBackend(ProcessGroup::NCCL);
  backend_ += "+nccl";
}

// Called by the monitor, while this rank's own threads may be in a collective. NCCL's abort may
// wait for the GPU: in a thread of its own it does not keep the monitor from ending the process.
void RanksWorld::end_collectives() noexcept {
  control_->give_up();
  gradients_->give_up();
  if (nccl_running_.exchange(nullptr) == nullptr) return;
  std::thread([nccl = nccl_] {
    try {
      nccl->abort();
    } catch (const std::exception&) {  // the process ends soon in any case
    }
  }).detach();
}

RanksWorld::~RanksWorld() {
  bool orderly = std::uncaught_exceptions() == exceptions_at_start_;
  try {
    if (orderly) barrier();
  } catch (const DistError&) {
    orderly = false;
  }
  if (c10d::Backend* nccl = nccl_running_.exchange(nullptr)) {
    try {
      orderly ? nccl->shutdown() : nccl->abort();
    } catch (const c10::Error& error) {  // a GPU that has failed fails here again
      Log().warn(fmt::format("NCCL does not end: {}", error.what_without_backtrace()));
      orderly = false;
    }
  }
  if (cpu_) orderly ? cpu_->shutdown() : cpu_->abort();
  if (monitor_ && orderly) monitor_->leave();
  monitor_.reset();
  // Finishing waits for all ranks. After an error the others may not come: this process then ends
  // without it, which tells the launcher to end the job.
  if (!orderly) return;
  const TimeLimit limit(timeout_, fmt::format("rank {} waited {:g} s for the others to end: one of "
                                              "them is stopped or stuck",
                                              rank_, timeout_.count()));
  if (gradients_) gradients_->close();
  control_->close();
  job_->finish();
}

template <class Value>
void RanksWorld::reduce(std::span<Value> values, c10::ScalarType type, Reduction reduction,
                        std::string_view what) {
  const auto bytes = std::as_bytes(values);
  memory_.assign(bytes.begin(), bytes.end());
  control_->allreduce({memory_.data(), std::ssize(values), type}, reduction, what);
  std::copy(memory_.begin(), memory_.end(), std::as_writable_bytes(values).begin());
}

std::int64_t RanksWorld::max(std::int64_t value) {
  reduce(std::span(&value, 1), c10::ScalarType::Long, Reduction::max, "max");
  return value;
}

std::string RanksWorld::broadcast(std::string_view text) {
  std::array<std::int64_t, 1> length{is_first() ? std::ssize(text) : 0};
  sum(length);
  memory_.resize(static_cast<std::size_t>(length[0]));
  if (is_first()) std::memcpy(memory_.data(), text.data(), text.size());
  control_->broadcast(memory_, 0, "broadcast");
  return {reinterpret_cast<const char*>(memory_.data()), memory_.size()};
}

// The texts travel padded to the longest.
std::vector<std::string> RanksWorld::gather(std::string_view text) {
  const auto ranks = static_cast<std::size_t>(size_);
  const auto longest = static_cast<std::size_t>(max(std::ssize(text)));
  const std::size_t block = sizeof(std::uint64_t) + longest;
  const std::uint64_t length = text.size();
  memory_.assign(block * (ranks + 1), std::byte{});
  std::memcpy(memory_.data(), &length, sizeof(length));
  std::memcpy(memory_.data() + sizeof(length), text.data(), text.size());
  const std::span memory(memory_);
  control_->allgather(memory.first(block), memory.subspan(block), "gather");

  std::vector<std::string> texts;
  for (std::size_t rank = 1; rank <= ranks; ++rank) {
    const std::byte* start = memory_.data() + rank * block;
    std::uint64_t bytes = 0;
    std::memcpy(&bytes, start, sizeof(bytes));
    texts.emplace_back(reinterpret_cast<const char*>(start) + sizeof(bytes), bytes);
  }
  return texts;
}

void RanksWorld::abort(int code, std::string_view reason) {
  if (monitor_ && !reason.empty()) monitor_->fail(reason);
  job_->abort(code);
  std::_Exit(code);  // the compiler does not know that the call does not return
}

}  // namespace

std::unique_ptr<World> make_ranks_world(std::unique_ptr<Job> job, const LaunchOptions& options) {
  return std::make_unique<RanksWorld>(std::move(job), options);
}

}  // namespace imgcls::dist
