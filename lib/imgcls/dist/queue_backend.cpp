#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/record_function.h>
#include <fmt/format.h>
#include <imgcls/core/error.h>
#include <imgcls/dist/queue_backend.h>
#include <imgcls/dist/step_ranges.h>

#include <algorithm>
#include <utility>

namespace imgcls::dist {

class QueuedWork final : public c10d::Work {
 public:
  QueuedWork(int rank, c10d::OpType type, std::vector<at::Tensor> outputs)
      : Work(rank, type),
        outputs_(std::move(outputs)),
        future_(c10::make_intrusive<c10::ivalue::Future>(
            c10::ListType::create(c10::TensorType::get()))) {}

  std::vector<at::Tensor> result() override { return outputs_; }
  c10::intrusive_ptr<c10::ivalue::Future> getFuture() override { return future_; }

  /// What a profiler calls it.
  std::string trace_name() {
    std::size_t bytes = 0;
    for (const at::Tensor& output : outputs_) bytes += output.nbytes();
    return fmt::format("imgcls::{} of {:.2f} MiB", c10d::opTypeToString(retrieveOpType()),
                       static_cast<double>(bytes) / (1 << 20));
  }

  /// The part of a training step that it is.
  const char* range_name() {
    return retrieveOpType() == c10d::OpType::ALLREDUCE ? ranges::kReduce : ranges::kOtherTravel;
  }

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

std::span<std::byte> bytes_of(const at::Tensor& tensor) {
  return {static_cast<std::byte*>(tensor.mutable_data_ptr()), tensor.nbytes()};
}

bool is_one_block(const at::Tensor& tensor) {
  return tensor.is_non_overlapping_and_dense();
}

Reduction reduction_of(c10d::ReduceOp::RedOpType op) {
  switch (op) {
    case c10d::ReduceOp::SUM:
    case c10d::ReduceOp::AVG:
      return Reduction::sum;
    case c10d::ReduceOp::PRODUCT:
      return Reduction::product;
    case c10d::ReduceOp::MIN:
      return Reduction::min;
    case c10d::ReduceOp::MAX:
      return Reduction::max;
    default:
      throw DistError(
          fmt::format("allreduce has no operation {}: SUM, AVG, PRODUCT, MIN, MAX are known",
                      static_cast<int>(op)));
  }
}

// The type an allreduce adds `type` in: halves can be summed only, and bool's sum is a count.
at::ScalarType reduced_as(at::ScalarType type, Reduction reduction) {
  const bool half = type == at::kHalf || type == at::kBFloat16;
  if (half && reduction != Reduction::sum) return at::kFloat;
  return type == at::kBool ? at::kInt : type;
}

const at::Tensor& only(const std::vector<at::Tensor>& tensors, std::string_view operation) {
  if (tensors.size() != 1 || !tensors[0].is_cpu() || tensors[0].layout() != at::kStrided) {
    throw DistError(fmt::format("{} takes one dense CPU tensor at a time", operation));
  }
  return tensors[0];
}

}  // namespace

QueueBackend::QueueBackend(Transport& transport)
    : Backend(transport.rank(), transport.size()), transport_(transport) {
  thread_ = std::thread([this] { work_off_queue(); });
}

QueueBackend::~QueueBackend() {
  QueueBackend::abort();
}

c10::intrusive_ptr<c10d::Work> QueueBackend::broadcast(std::vector<at::Tensor>& tensors,
                                                       const c10d::BroadcastOptions& options) {
  const at::Tensor tensor = only(tensors, "broadcast");
  const int root = static_cast<int>(options.rootRank);
  return enqueue(c10d::OpType::BROADCAST, tensors,
                 [this, tensor, root] { broadcast_now(tensor, root); });
}

c10::intrusive_ptr<c10d::Work> QueueBackend::allreduce(std::vector<at::Tensor>& tensors,
                                                       const c10d::AllreduceOptions& options) {
  const at::Tensor tensor = only(tensors, "allreduce");
  const c10d::ReduceOp::RedOpType op = options.reduceOp;
  return enqueue(c10d::OpType::ALLREDUCE, tensors,
                 [this, tensor, op] { allreduce_now(tensor, op); });
}

c10::intrusive_ptr<c10d::Work> QueueBackend::allgather(
    std::vector<std::vector<at::Tensor>>& outputs, std::vector<at::Tensor>& inputs,
    const c10d::AllgatherOptions&) {
  const at::Tensor input = only(inputs, "allgather");
  if (outputs.size() != 1 || std::cmp_not_equal(outputs[0].size(), size_)) {
    throw DistError(fmt::format("allgather needs {} outputs, one for each rank", size_));
  }
  return enqueue(c10d::OpType::ALLGATHER, outputs[0],
                 [this, gathered = outputs[0], input] { allgather_now(gathered, input); });
}

c10::intrusive_ptr<c10d::Work> QueueBackend::barrier(const c10d::BarrierOptions&) {
  return enqueue(c10d::OpType::BARRIER, {}, [this] { transport_.barrier("barrier of gradients"); });
}

c10::intrusive_ptr<c10d::Work> QueueBackend::sum_nodes(
    const std::vector<at::Tensor>& nodes, std::shared_ptr<const NodesOfRanks> of_ranks) {
  return enqueue(c10d::OpType::ALLREDUCE, nodes, [this, nodes, of_ranks = std::move(of_ranks)] {
    std::vector<Numbers> mine;
    for (const at::Tensor& node : nodes) {
      mine.push_back({node.mutable_data_ptr(), node.numel(), node.scalar_type()});
    }
    transport_.sum_nodes(mine, *of_ranks, "sum of gradients");
  });
}

void QueueBackend::broadcast_now(const at::Tensor& tensor, int root) {
  const at::Tensor block = is_one_block(tensor) ? tensor : tensor.contiguous();
  transport_.broadcast(bytes_of(block), root, "broadcast of tensors");
  if (!block.is_same(tensor)) tensor.copy_(block);
}

void QueueBackend::allreduce_now(const at::Tensor& tensor, c10d::ReduceOp::RedOpType op) {
  const Reduction reduction = reduction_of(op);
  const at::ScalarType type = reduced_as(tensor.scalar_type(), reduction);
  const bool in_place = type == tensor.scalar_type() && is_one_block(tensor);
  const at::Tensor block = in_place ? tensor : tensor.to(type).contiguous();
  transport_.allreduce({block.mutable_data_ptr(), block.numel(), type}, reduction,
                       "allreduce of gradients");
  if (op == c10d::ReduceOp::AVG) block.div_(size_);
  if (!in_place) tensor.copy_(block);
}

void QueueBackend::allgather_now(const std::vector<at::Tensor>& outputs, const at::Tensor& input) {
  const at::Tensor mine = input.contiguous();
  const at::Tensor all = at::empty({size_, static_cast<std::int64_t>(mine.nbytes())}, at::kByte);
  transport_.allgather(bytes_of(mine), bytes_of(all), "allgather of tensors");
  for (int rank = 0; rank < size_; ++rank) {
    outputs[static_cast<std::size_t>(rank)].copy_(
        all[rank].view(mine.scalar_type()).view(mine.sizes()));
  }
}

c10::intrusive_ptr<c10d::Work> QueueBackend::enqueue(c10d::OpType type,
                                                     std::vector<at::Tensor> outputs,
                                                     std::function<void()> run) {
  auto work = c10::make_intrusive<QueuedWork>(rank_, type, std::move(outputs));
  {
    const std::lock_guard lock(queue_mutex_);
    if (stopping_) throw DistError("a collective was called after the world had ended");
    queue_.push_back({work, std::move(run), {}});
  }
  queue_changed_.notify_one();
  return work;
}

void QueueBackend::work_off_queue() {
  at::init_num_threads();
  for (;;) {
    std::unique_lock lock(queue_mutex_);
    queue_changed_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
    if (queue_.empty()) return;
    Operation operation = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();

    if (!error_) {
      try {
        // So that a profiler of the thread that asked sees what this one does.
        const at::ThreadLocalStateGuard state(operation.caller);
        const at::NoGradGuard no_grad;
        RECORD_FUNCTION(operation.work->trace_name(), std::vector<c10::IValue>());
        const StepRange range(operation.work->range_name());
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

void QueueBackend::shutdown() {
  stop();
}

void QueueBackend::abort() {
  transport_.give_up();
  stop();
}

void QueueBackend::stop() {
  {
    const std::lock_guard lock(queue_mutex_);
    stopping_ = true;
  }
  queue_changed_.notify_one();
  if (thread_.joinable()) thread_.join();
}

}  // namespace imgcls::dist
