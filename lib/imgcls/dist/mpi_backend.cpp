#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>
#include <fmt/format.h>
#include <imgcls/core/error.h>
#include <imgcls/dist/mpi_backend.h>

#include <algorithm>
#include <utility>

namespace imgcls::dist {

class MpiWork final : public c10d::Work {
 public:
  MpiWork(int rank, c10d::OpType type, std::vector<at::Tensor> outputs)
      : Work(rank, type),
        outputs_(std::move(outputs)),
        future_(c10::make_intrusive<c10::ivalue::Future>(
            c10::ListType::create(c10::TensorType::get()))) {}

  std::vector<at::Tensor> result() override { return outputs_; }
  c10::intrusive_ptr<c10::ivalue::Future> getFuture() override { return future_; }

  void succeed() {
    finish();
    future_->markCompleted(c10::IValue(outputs_));
  }
  void fail(const std::exception_ptr& error) {
    finish(error);
    future_->setError(error);
  }

 private:
  std::vector<at::Tensor> outputs_;
  c10::intrusive_ptr<c10::ivalue::Future> future_;
};

namespace {

// The most elements one MPI call takes here: well below the limit of its int count.
constexpr std::int64_t kMostElements = std::int64_t{1} << 28;

// Calls `send(first, count)` for pieces that MPI's int counts can hold.
template <class Send>
void in_pieces(std::int64_t count, const Send& send) {
  for (std::int64_t first = 0; first < count; first += kMostElements) {
    send(first, static_cast<int>(std::min(kMostElements, count - first)));
  }
}

char* bytes_of(const at::Tensor& tensor) {
  return static_cast<char*>(tensor.mutable_data_ptr());
}

std::int64_t byte_count(const at::Tensor& tensor) {
  return static_cast<std::int64_t>(tensor.nbytes());
}

bool is_one_block(const at::Tensor& tensor) {
  return tensor.is_non_overlapping_and_dense();
}

MPI_Datatype mpi_type(at::ScalarType type) {
  switch (type) {
    case at::kFloat:
      return MPI_FLOAT;
    case at::kDouble:
      return MPI_DOUBLE;
    case at::kLong:
      return MPI_INT64_T;
    case at::kInt:
      return MPI_INT32_T;
    case at::kShort:
      return MPI_INT16_T;
    case at::kChar:
      return MPI_INT8_T;
    case at::kByte:
      return MPI_UINT8_T;
    default:
      throw DistError(fmt::format("allreduce over MPI has no {}", c10::toString(type)));
  }
}

MPI_Op mpi_op(c10d::ReduceOp::RedOpType op) {
  switch (op) {
    case c10d::ReduceOp::SUM:
    case c10d::ReduceOp::AVG:
      return MPI_SUM;
    case c10d::ReduceOp::PRODUCT:
      return MPI_PROD;
    case c10d::ReduceOp::MIN:
      return MPI_MIN;
    case c10d::ReduceOp::MAX:
      return MPI_MAX;
    default:
      throw DistError(fmt::format(
          "allreduce over MPI has no operation {}: SUM, AVG, PRODUCT, MIN, MAX are known",
          static_cast<int>(op)));
  }
}

// The type an allreduce adds `type` in: MPI has no 16-bit floats, and bool's sum is a count.
at::ScalarType reduced_as(at::ScalarType type) {
  if (type == at::kHalf || type == at::kBFloat16) return at::kFloat;
  return type == at::kBool ? at::kInt : type;
}

const at::Tensor& only(const std::vector<at::Tensor>& tensors, std::string_view operation) {
  if (tensors.size() != 1 || !tensors[0].is_cpu() || tensors[0].layout() != at::kStrided) {
    throw DistError(fmt::format("{} over MPI takes one dense CPU tensor at a time", operation));
  }
  return tensors[0];
}

}  // namespace

MpiBackend::MpiBackend(MPI_Comm comm, int rank, int size, std::chrono::duration<double> timeout)
    : Backend(rank, size), comm_(comm), patience_{rank, timeout, &give_up_} {
  thread_ = std::thread([this] { work_off_queue(); });
}

MpiBackend::~MpiBackend() {
  MpiBackend::abort();
}

c10::intrusive_ptr<c10d::Work> MpiBackend::broadcast(std::vector<at::Tensor>& tensors,
                                                     const c10d::BroadcastOptions& options) {
  const at::Tensor tensor = only(tensors, "broadcast");
  const int root = static_cast<int>(options.rootRank);
  return enqueue(c10d::OpType::BROADCAST, tensors,
                 [this, tensor, root] { broadcast_now(tensor, root); });
}

c10::intrusive_ptr<c10d::Work> MpiBackend::allreduce(std::vector<at::Tensor>& tensors,
                                                     const c10d::AllreduceOptions& options) {
  const at::Tensor tensor = only(tensors, "allreduce");
  const c10d::ReduceOp::RedOpType op = options.reduceOp;
  return enqueue(c10d::OpType::ALLREDUCE, tensors,
                 [this, tensor, op] { allreduce_now(tensor, op); });
}

c10::intrusive_ptr<c10d::Work> MpiBackend::allgather(std::vector<std::vector<at::Tensor>>& outputs,
                                                     std::vector<at::Tensor>& inputs,
                                                     const c10d::AllgatherOptions&) {
  const at::Tensor input = only(inputs, "allgather");
  if (outputs.size() != 1 || std::cmp_not_equal(outputs[0].size(), size_)) {
    throw DistError(fmt::format("allgather over MPI needs {} outputs, one for each rank", size_));
  }
  return enqueue(c10d::OpType::ALLGATHER, outputs[0],
                 [this, gathered = outputs[0], input] { allgather_now(gathered, input); });
}

c10::intrusive_ptr<c10d::Work> MpiBackend::barrier(const c10d::BarrierOptions&) {
  return enqueue(c10d::OpType::BARRIER, {}, [this] {
    MPI_Request request = MPI_REQUEST_NULL;
    check_mpi(MPI_Ibarrier(comm_, &request), "MPI_Ibarrier");
    wait_mpi(request, "barrier of gradients", patience_);
  });
}

void MpiBackend::broadcast_now(const at::Tensor& tensor, int root) {
  const at::Tensor block = is_one_block(tensor) ? tensor : tensor.contiguous();
  in_pieces(byte_count(block), [&](std::int64_t first, int count) {
    MPI_Request request = MPI_REQUEST_NULL;
    check_mpi(MPI_Ibcast(bytes_of(block) + first, count, MPI_BYTE, root, comm_, &request),
              "MPI_Ibcast");
    wait_mpi(request, "broadcast of tensors", patience_);
  });
  if (!block.is_same(tensor)) tensor.copy_(block);
}

void MpiBackend::allreduce_now(const at::Tensor& tensor, c10d::ReduceOp::RedOpType op) {
  const at::ScalarType type = reduced_as(tensor.scalar_type());
  const bool in_place = type == tensor.scalar_type() && is_one_block(tensor);
  const at::Tensor block = in_place ? tensor : tensor.to(type).contiguous();
  const auto element = static_cast<std::int64_t>(block.element_size());
  in_pieces(block.numel(), [&](std::int64_t first, int count) {
    MPI_Request request = MPI_REQUEST_NULL;
    check_mpi(MPI_Iallreduce(MPI_IN_PLACE, bytes_of(block) + first * element, count, mpi_type(type),
                             mpi_op(op), comm_, &request),
              "MPI_Iallreduce");
    wait_mpi(request, "allreduce of gradients", patience_);
  });
  if (op == c10d::ReduceOp::AVG) block.div_(size_);
  if (!in_place) tensor.copy_(block);
}

void MpiBackend::allgather_now(const std::vector<at::Tensor>& outputs, const at::Tensor& input) {
  const at::Tensor mine = input.contiguous();
  const std::int64_t bytes = byte_count(mine);
  if (bytes > kMostElements) throw DistError("allgather over MPI takes at most 256 MiB a rank");
  const at::Tensor all = at::empty({size_, bytes}, at::kByte);
  MPI_Request request = MPI_REQUEST_NULL;
  check_mpi(
      MPI_Iallgather(mine.const_data_ptr(), static_cast<int>(bytes), MPI_BYTE,
                     all.mutable_data_ptr(), static_cast<int>(bytes), MPI_BYTE, comm_, &request),
      "MPI_Iallgather");
  wait_mpi(request, "allgather of tensors", patience_);
  for (int rank = 0; rank < size_; ++rank) {
    outputs[static_cast<std::size_t>(rank)].copy_(
        all[rank].view(mine.scalar_type()).view(mine.sizes()));
  }
}

c10::intrusive_ptr<c10d::Work> MpiBackend::enqueue(c10d::OpType type,
                                                   std::vector<at::Tensor> outputs,
                                                   std::function<void()> run) {
  auto work = c10::make_intrusive<MpiWork>(rank_, type, std::move(outputs));
  {
    const std::lock_guard lock(queue_mutex_);
    if (stopping_) throw DistError("a collective was called after the world had ended");
    queue_.push_back({work, std::move(run)});
  }
  queue_changed_.notify_one();
  return work;
}

void MpiBackend::work_off_queue() {
  at::init_num_threads();
  const at::NoGradGuard no_grad;
  for (;;) {
    std::unique_lock lock(queue_mutex_);
    queue_changed_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
    if (queue_.empty()) return;
    Operation operation = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();

    if (!error_) {
      try {
        operation.run();
      } catch (...) {
        error_ = std::current_exception();
      }
    }
    if (error_) {
      operation.work->fail(error_);
      failed_.push_back(std::move(operation));
    } else {
      operation.work->succeed();
    }
  }
}

void MpiBackend::shutdown() {
  stop();
}

void MpiBackend::abort() {
  give_up_ = true;
  stop();
}

void MpiBackend::stop() {
  {
    const std::lock_guard lock(queue_mutex_);
    stopping_ = true;
  }
  queue_changed_.notify_one();
  if (thread_.joinable()) thread_.join();
}

}  // namespace imgcls::dist
