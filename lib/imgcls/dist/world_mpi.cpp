#include <fmt/format.h>
#include <imgcls/core/error.h>
#include <imgcls/dist/device.h>
#include <imgcls/dist/mpi_backend.h>
#include <imgcls/dist/mpi_call.h>
#include <imgcls/dist/rendezvous.h>
#include <imgcls/dist/world_mpi.h>
#include <torch/csrc/distributed/c10d/HashStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroup.hpp>

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <memory>
#include <numeric>
#include <utility>

namespace imgcls::dist {
namespace {

using std::chrono::milliseconds;

MPI_Comm duplicate(MPI_Comm comm) {
  MPI_Comm copy = MPI_COMM_NULL;
  check_mpi(MPI_Comm_dup(comm, &copy), "MPI_Comm_dup");
  check_mpi(MPI_Comm_set_errhandler(copy, MPI_ERRORS_RETURN), "MPI_Comm_set_errhandler");
  return copy;
}

int length_of(std::string_view text) {
  if (text.size() > static_cast<std::size_t>(std::numeric_limits<int>::max())) {
    throw DistError(fmt::format(
        "a text of {} bytes is too long to send to other ranks: at most 2 GiB", text.size()));
  }
  return static_cast<int>(text.size());
}

class MpiWorld final : public World {
 public:
  explicit MpiWorld(const LaunchOptions& options);
  ~MpiWorld() override;

  std::string_view backend() const override { return nccl_ ? "mpi+nccl" : "mpi"; }
  c10d::ProcessGroup* process_group() override { return group_.get(); }

  void barrier() override;
  void sum(std::span<std::int64_t> values) override { reduce(values, MPI_INT64_T, MPI_SUM, "sum"); }
  void sum(std::span<double> values) override { reduce(values, MPI_DOUBLE, MPI_SUM, "sum"); }
  std::int64_t max(std::int64_t value) override;
  std::string broadcast(std::string_view text) override;
  std::vector<std::string> gather(std::string_view text) override;
  [[noreturn]] void abort(int code) override;

 private:
  void read_ranks();
  void connect(DeviceKind device);
  template <class Value>
  void reduce(std::span<Value> values, MPI_Datatype type, MPI_Op op, std::string_view what);
  template <class Start>
  void run(std::string_view what, const std::shared_ptr<void>& memory, const Start& start);

  MpiPatience patience_;
  int exceptions_at_start_ = std::uncaught_exceptions();
  bool failed_ = false;                       // a collective did: ranks are no longer in step
  std::vector<std::shared_ptr<void>> stuck_;  // memory MPI may still write to
  MPI_Comm control_ = MPI_COMM_NULL;
  MPI_Comm gradients_ = MPI_COMM_NULL;
  c10::intrusive_ptr<MpiBackend> mpi_;
  c10::intrusive_ptr<c10d::Backend> nccl_;
  c10::intrusive_ptr<c10d::ProcessGroup> group_;
};

MpiWorld::MpiWorld(const LaunchOptions& options) {
  int provided = MPI_THREAD_SINGLE;
  check_mpi(MPI_Init_thread(nullptr, nullptr, MPI_THREAD_MULTIPLE, &provided), "MPI_Init_thread");
  if (provided < MPI_THREAD_MULTIPLE) {
    throw DistError(
        "this MPI was built without MPI_THREAD_MULTIPLE, which sending gradients from a thread of "
        "their own needs: use one built with it (Debian's Open MPI is)");
  }
  control_ = duplicate(MPI_COMM_WORLD);
  read_ranks();
  patience_ = {rank_, std::chrono::duration<double>(options.timeout_s), nullptr};
  connect(options.device);
}

void MpiWorld::read_ranks() {
  check_mpi(MPI_Comm_rank(control_, &rank_), "MPI_Comm_rank");
  check_mpi(MPI_Comm_size(control_, &size_), "MPI_Comm_size");
  MPI_Comm machine = MPI_COMM_NULL;
  check_mpi(MPI_Comm_split_type(control_, MPI_COMM_TYPE_SHARED, rank_, MPI_INFO_NULL, &machine),
            "MPI_Comm_split_type");
  check_mpi(MPI_Comm_rank(machine, &local_rank_), "MPI_Comm_rank");
  check_mpi(MPI_Comm_size(machine, &local_size_), "MPI_Comm_size");
  check_mpi(MPI_Comm_free(&machine), "MPI_Comm_free");
}

void MpiWorld::connect(DeviceKind kind) {
  const Device device = choose_device(kind, *this);
  device_ = device.name;
  if (size_ == 1) return;

  using c10d::ProcessGroup;
  const auto timeout = std::chrono::duration_cast<milliseconds>(patience_.timeout);
  gradients_ = duplicate(control_);
  mpi_ = c10::make_intrusive<MpiBackend>(gradients_, rank_, size_, patience_.timeout);
  c10::intrusive_ptr<c10d::Store> store = c10::make_intrusive<c10d::HashStore>();
  if (device.plugin != nullptr) store = make_store(*this, timeout);
  group_ = c10::make_intrusive<ProcessGroup>(store, rank_, size_);
  group_->setBackend(c10::DeviceType::CPU, ProcessGroup::CUSTOM, mpi_);
  group_->setDefaultBackend(ProcessGroup::CUSTOM);
  if (device.plugin != nullptr) {
    nccl_ = device.plugin->connect_nccl(store, rank_, size_, timeout);
    group_->setBackend(c10::DeviceType::CUDA, ProcessGroup::NCCL, nccl_);
    group_->setDefaultBackend(ProcessGroup::NCCL);
  }
}

MpiWorld::~MpiWorld() {
  bool orderly = !failed_ && std::uncaught_exceptions() == exceptions_at_start_;
  try {
    if (orderly) barrier();
  } catch (const DistError&) {
    orderly = false;
  }
  if (nccl_) orderly ? nccl_->shutdown() : nccl_->abort();
  if (mpi_) orderly ? mpi_->shutdown() : mpi_->abort();
  // MPI_Finalize waits for all ranks. After an error the others may not come: this process then
  // ends without it, which tells the launcher to end the job.
  if (!orderly) return;
  if (gradients_ != MPI_COMM_NULL) MPI_Comm_free(&gradients_);
  MPI_Comm_free(&control_);
  MPI_Finalize();
}

// Starts a collective by `start(&request)` and waits for it. `memory` holds what MPI reads and
// writes: after a time-out it has to stay.
template <class Start>
void MpiWorld::run(std::string_view what, const std::shared_ptr<void>& memory, const Start& start) {
  if (failed_) {
    throw DistError(fmt::format("rank {}: {} after a collective that failed", rank_, what));
  }
  try {
    MPI_Request request = MPI_REQUEST_NULL;
    check_mpi(start(&request), what);
    wait_mpi(request, what, patience_);
  } catch (...) {
    failed_ = true;
    stuck_.push_back(memory);
    throw;
  }
}

void MpiWorld::barrier() {
  run("barrier", nullptr, [&](MPI_Request* request) { return MPI_Ibarrier(control_, request); });
}

template <class Value>
void MpiWorld::reduce(std::span<Value> values, MPI_Datatype type, MPI_Op op,
                      std::string_view what) {
  const auto copy = std::make_shared<std::vector<Value>>(values.begin(), values.end());
  run(what, copy, [&](MPI_Request* request) {
    return MPI_Iallreduce(MPI_IN_PLACE, copy->data(), static_cast<int>(copy->size()), type, op,
                          control_, request);
  });
  std::copy(copy->begin(), copy->end(), values.begin());
}

std::int64_t MpiWorld::max(std::int64_t value) {
  reduce(std::span(&value, 1), MPI_INT64_T, MPI_MAX, "max");
  return value;
}

std::string MpiWorld::broadcast(std::string_view text) {
  const auto length = std::make_shared<int>(is_first() ? length_of(text) : 0);
  run("broadcast", length, [&](MPI_Request* request) {
    return MPI_Ibcast(length.get(), 1, MPI_INT, 0, control_, request);
  });
  const auto copy = std::make_shared<std::string>(is_first() ? text : std::string_view());
  copy->resize(static_cast<std::size_t>(*length));
  run("broadcast", copy, [&](MPI_Request* request) {
    return MPI_Ibcast(copy->data(), *length, MPI_CHAR, 0, control_, request);
  });
  return *copy;
}

std::vector<std::string> MpiWorld::gather(std::string_view text) {
  struct Memory {
    std::string mine, all;
    int length = 0;
    std::vector<int> lengths, starts;
  };
  const auto memory = std::make_shared<Memory>();
  memory->mine = text;
  memory->length = length_of(text);
  memory->lengths.resize(static_cast<std::size_t>(size_));
  run("gather", memory, [&](MPI_Request* request) {
    return MPI_Iallgather(&memory->length, 1, MPI_INT, memory->lengths.data(), 1, MPI_INT, control_,
                          request);
  });

  const auto& lengths = memory->lengths;
  const auto total = std::accumulate(lengths.begin(), lengths.end(), std::int64_t{0});
  if (total > std::numeric_limits<int>::max()) {
    throw DistError(fmt::format("texts of {} bytes together are too long to gather", total));
  }
  memory->starts.resize(lengths.size());
  std::exclusive_scan(lengths.begin(), lengths.end(), memory->starts.begin(), 0);
  memory->all.resize(static_cast<std::size_t>(total));
  run("gather", memory, [&](MPI_Request* request) {
    return MPI_Iallgatherv(memory->mine.data(), memory->length, MPI_CHAR, memory->all.data(),
                           lengths.data(), memory->starts.data(), MPI_CHAR, control_, request);
  });

  std::vector<std::string> texts;
  for (std::size_t rank = 0; rank < lengths.size(); ++rank) {
    texts.push_back(memory->all.substr(static_cast<std::size_t>(memory->starts[rank]),
                                       static_cast<std::size_t>(lengths[rank])));
  }
  return texts;
}

void MpiWorld::abort(int code) {
  MPI_Abort(MPI_COMM_WORLD, code);
  std::_Exit(code);
}

}  // namespace

std::unique_ptr<World> make_mpi_world(const LaunchOptions& options) {
  return std::make_unique<MpiWorld>(options);
}

}  // namespace imgcls::dist
