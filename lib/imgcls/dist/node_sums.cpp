#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>
#include <c10/core/Event.h>
#include <c10/core/StreamGuard.h>
#include <imgcls/dist/device_stream.h>
#include <imgcls/dist/node_sums.h>

#include <utility>

namespace imgcls::dist {
namespace {

c10::Event mark_in(const c10::Stream& stream) {
  c10::Event event(stream.device_type());
  event.record(stream);
  return event;
}

/// A sum that has been handed to a device, or has been made.
class SumWork final : public c10d::Work {
 public:
  explicit SumWork(std::vector<at::Tensor> nodes, std::optional<c10::Event> done)
      : nodes_(std::move(nodes)), done_(std::move(done)) {}

  bool wait(std::chrono::milliseconds /*timeout*/) override {
    if (done_) done_->block(current_stream(nodes_.front().device()));
    return true;
  }
  std::vector<at::Tensor> result() override { return nodes_; }

 private:
  std::vector<at::Tensor> nodes_;  // are there until the sum has been waited for
  std::optional<c10::Event> done_;
};

/// One node's numbers to where each rank's slice of them is sent from: `to` is [ranks, slice].
void deal_out(const at::Tensor& node, const at::Tensor& to) {
  const std::int64_t slice = to.size(1), whole = node.numel() / slice;
  to.narrow(0, 0, whole).copy_(node.narrow(0, 0, whole * slice).view({whole, slice}));
  const std::int64_t rest = node.numel() - whole * slice;
  if (rest > 0) to[whole].narrow(0, 0, rest).copy_(node.narrow(0, whole * slice, rest));
}

}  // namespace

NodeSums::NodeSums(c10::intrusive_ptr<c10d::Backend> backend,
                   std::shared_ptr<const NodesOfRanks> nodes, c10::Device device)
    : backend_(std::move(backend)), nodes_(std::move(nodes)) {
  if (!device.is_cpu()) stream_ = another_stream(device);
}

c10::intrusive_ptr<c10d::Work> NodeSums::sum(const std::vector<at::Tensor>& mine) {
  const at::NoGradGuard no_grad;
  if (!stream_) {
    sum_now(mine);
    return c10::make_intrusive<SumWork>(mine, std::nullopt);
  }
  mark_in(current_stream(stream_->device())).block(*stream_);
  const c10::StreamGuard guard(*stream_);
  sum_now(mine);
  return c10::make_intrusive<SumWork>(mine, mark_in(*stream_));
}

// What is allocated here belongs to the stream of the sums.
void NodeSums::sum_now(const std::vector<at::Tensor>& mine) {
  at::Tensor all = mine.front();
  if (all.numel() == 0) return;
  const auto ranks = static_cast<std::int64_t>(nodes_->size());
  const std::int64_t slice = (all.numel() + ranks - 1) / ranks;
  at::Tensor sum = add_up(exchange(mine, slice));
  const bool in_place = slice * ranks == all.numel();
  at::Tensor gathered = in_place ? all : at::empty({slice * ranks}, all.options());
  backend_->_allgather_base(gathered, sum)->wait();
  if (!in_place) all.copy_(gathered.narrow(0, 0, all.numel()));
}

at::Tensor NodeSums::exchange(const std::vector<at::Tensor>& mine, std::int64_t slice) {
  const auto ranks = static_cast<std::int64_t>(nodes_->size());
  const auto own = static_cast<std::int64_t>(mine.size());
  at::Tensor sent = mine.front();
  if (own > 1 || sent.numel() != ranks * slice) {
    sent = at::zeros({ranks, own, slice}, sent.options());  // what is not filled is sent, too
    for (std::int64_t i = 0; i < own; ++i) {
      deal_out(mine[static_cast<std::size_t>(i)], sent.select(1, i));
    }
    sent = sent.view({-1});
  }
  std::vector<std::int64_t> to(static_cast<std::size_t>(ranks), own * slice), from;
  std::int64_t count = 0;
  for (const std::vector<Shards>& of_rank : *nodes_) {
    count += std::ssize(of_rank);
    from.push_back(std::ssize(of_rank) * slice);
  }
  at::Tensor received = at::empty({count * slice}, sent.options());
  backend_->alltoall_base(received, sent, from, to)->wait();
  return received.view({count, slice});
}

at::Tensor NodeSums::add_up(const at::Tensor& received) const {
  const ShardTree tree(nodes_->back().back().end());
  struct Sum {
    Shards shards;
    at::Tensor numbers;
  };
  std::vector<Sum> sums;
  std::int64_t next = 0;
  for (const std::vector<Shards>& of_rank : *nodes_) {
    for (const Shards& node : of_rank) {
      sums.push_back({node, received[next++]});
      add_up_siblings(tree, sums, [](Sum& left, Sum& right) { left.numbers.add_(right.numbers); });
    }
  }
  return sums.front().numbers;
}

}  // namespace imgcls::dist
