#pragma once
// Collectives on CPU tensors, as c10d's Reducer asks for them, over a Transport. Internal to dist/.
//
// PyTorch's wheel has neither ProcessGroupMPI nor the headers of ProcessGroupGloo. Like the first,
// this one queues operations for a thread of its own, so that gradients travel while the backward
// pass goes on. Operations run in the order of the calls, which must be the same on all ranks.

#include <ATen/ThreadLocalState.h>
#include <imgcls/dist/transport/transport.h>
#include <torch/csrc/distributed/c10d/Backend.hpp>

#include <condition_variable>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace imgcls::dist {

class QueuedWork;

/// Tensors are of any number type, or bool. They must have the same shape and strides on all ranks.
/// Errors (DistError) come out of the Work's `wait` and future; after the first, all later
/// operations fail with it.
class QueueBackend final : public c10d::Backend {
 public:
  /// `transport` must outlive this and be used by nothing else.
  explicit QueueBackend(Transport& transport);
  ~QueueBackend() override;

  // NOLINTNEXTLINE(readability-const-return-type): as c10d declares it
  const std::string getBackendName() const override { return "imgcls"; }

  c10::intrusive_ptr<c10d::Work> broadcast(std::vector<at::Tensor>& tensors,
                                           const c10d::BroadcastOptions& options) override;
  /// SUM, AVG, PRODUCT, MIN and MAX; in place. Bits are equal on all ranks.
  c10::intrusive_ptr<c10d::Work> allreduce(std::vector<at::Tensor>& tensors,
                                           const c10d::AllreduceOptions& options) override;
  c10::intrusive_ptr<c10d::Work> allgather(std::vector<std::vector<at::Tensor>>& outputs,
                                           std::vector<at::Tensor>& inputs,
                                           const c10d::AllgatherOptions& options) override;
  c10::intrusive_ptr<c10d::Work> barrier(const c10d::BarrierOptions& options) override;

  /// The sum of a tree's nodes (Transport::sum_nodes), of which this rank has `nodes`, contiguous
  /// and of one size; it ends up in the first of them.
  c10::intrusive_ptr<c10d::Work> sum_nodes(const std::vector<at::Tensor>& nodes,
                                           std::shared_ptr<const NodesOfRanks> of_ranks);

  /// Runs what is queued, then ends the thread.
  void shutdown() override;
  /// Gives up what is queued and ends the thread: after an error, when others may not answer.
  void abort() override;

 private:
  struct Operation {
    c10::intrusive_ptr<QueuedWork> work;
    std::function<void()> run;
    at::ThreadLocalState caller;  // as it was when the operation was asked for
  };

  c10::intrusive_ptr<c10d::Work> enqueue(c10d::OpType type, std::vector<at::Tensor> outputs,
                                         std::function<void()> run);
  void work_off_queue();
  void stop();
  void broadcast_now(const at::Tensor& tensor, int root);
  void allreduce_now(const at::Tensor& tensor, c10d::ReduceOp::RedOpType op);
  void allgather_now(const std::vector<at::Tensor>& outputs, const at::Tensor& input);

  Transport& transport_;
  std::mutex queue_mutex_;
  std::condition_variable queue_changed_;
  std::deque<Operation> queue_;
  bool stopping_ = false;
  std::exception_ptr error_;       // of the first operation that failed; the thread's alone
  std::vector<Operation> failed_;  // their tensors may still be written to; the thread's alone
  std::thread thread_;
};

}  // namespace imgcls::dist
