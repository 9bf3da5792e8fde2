#include <imgcls/core/error.h>
#include <imgcls/dist/node_sums.h>
#include <imgcls/dist/queue_backend.h>
#include <imgcls/dist/shard_counter.h>
#include <imgcls/dist/sharded_gradients.h>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/_foreach_copy.h>
#include <ATen/ops/cat.h>
#include <fmt/format.h>
#include <torch/csrc/autograd/function_hook.h>
#include <torch/csrc/autograd/variable.h>
#include <torch/csrc/distributed/c10d/ProcessGroup.hpp>
#include <torch/csrc/distributed/c10d/reducer.hpp>

#include <functional>
#include <utility>
#include <vector>

namespace imgcls::dist {
namespace {

/// Calls a function when a parameter's gradient is complete.
class GradientHook final : public torch::autograd::PostAccumulateGradHook {
 public:
  explicit GradientHook(std::function<void()> call) : call_(std::move(call)) {}
  void operator()(const at::Tensor& /*parameter*/) override { call_(); }

 private:
  std::function<void()> call_;
};

/// Trained parameters in groups that travel together, from the last to the first: about the order
/// in which the backward pass has their gradients ready. A small first group, so that sending
/// starts early, and others of DistributedDataParallel's size.
std::vector<std::vector<at::Tensor>> groups_of_parameters(const models::Model& model) {
  constexpr std::size_t kFirstBytes = 1 << 20, kBytes = 25 << 20;
  std::vector<at::Tensor> trained;
  const std::vector<models::NamedTensor> named = model.parameters();
  for (auto each = named.rbegin(); each != named.rend(); ++each) {
    if (each->tensor.requires_grad()) trained.push_back(each->tensor);
  }
  std::vector<std::vector<at::Tensor>> groups;
  if (trained.empty()) return groups;
  const auto numbers =
      std::get<0>(c10d::compute_bucket_assignment_by_size(trained, {kFirstBytes, kBytes}));
  for (const std::vector<std::size_t>& group : numbers) {
    groups.emplace_back();
    for (const std::size_t number : group) groups.back().push_back(trained[number]);
  }
  return groups;
}

std::vector<at::Tensor> values_of(const std::vector<at::Tensor>& parameters) {
  std::vector<at::Tensor> all;
  for (const at::Tensor& parameter : parameters) all.push_back(parameter.detach());
  return all;
}

/// Sums a tree's nodes between ranks, into the first of this one's; null in a world of one.
using SumNodes = std::function<c10::intrusive_ptr<c10d::Work>(const std::vector<at::Tensor>& mine)>;

SumNodes sum_nodes_of(World& world, const ShardTree& tree) {
  if (world.size() == 1) return nullptr;
  const auto nodes = std::make_shared<NodesOfRanks>(nodes_of_ranks(tree, world.size()));
  const c10::Device device(world.device());
  const auto backend = world.process_group()->getBackend(device.type());
  if (!device.is_cpu()) {
    return [sums = std::make_shared<NodeSums>(backend, nodes, device)](
               const std::vector<at::Tensor>& mine) { return sums->sum(mine); };
  }
  return [queue = c10::dynamic_intrusive_pointer_cast<QueueBackend>(backend),
          nodes](const std::vector<at::Tensor>& mine) { return queue->sum_nodes(mine, nodes); };
}

ShardTree tree_for(int shards, const World& world) {
  if (shards >= world.size()) return ShardTree(shards);
  throw ConfigError(
      fmt::format("train.shards={} leaves some of {} ranks without a shard; expected at least as "
                  "many shards as "
                  "ranks",
                  shards, world.size()));
}

}  // namespace

struct ShardedGradients::State {
  /// Parameters whose gradients travel together.
  struct Bucket {
    std::vector<at::Tensor> parameters;
    ShardCounter sums;
    std::size_t missing = 0;  // gradients of the shard that have not come
    c10::intrusive_ptr<c10d::Work> work = {};

    std::vector<at::Tensor> gradients() const {
      std::vector<at::Tensor> all;
      for (const at::Tensor& parameter : parameters) all.push_back(parameter.grad());
      return all;
    }
    void drop_gradients() {
      for (at::Tensor& parameter : parameters) parameter.mutable_grad().reset();
    }
  };

  State(models::Model& model, World& world, int shards)
      : tree(tree_for(shards, world)),
        mine(share_of(shards, world.rank(), world.size())),
        sum_nodes(sum_nodes_of(world, tree)) {
    for (std::vector<at::Tensor>& group : groups_of_parameters(model)) {
      ShardCounter sums(tree, mine, values_of(group));
      buckets.push_back({std::move(group), std::move(sums)});
    }
    for (const auto& [name, buffer] : model.buffers()) {
      (buffer.is_floating_point() ? statistics : counts).push_back(buffer.detach());
    }
  }

  void has_gradient(Bucket& bucket);
  void take(Bucket& bucket);
  void send_what_is_ready();
  void keep_buffers();
  void set_buffers();
  at::Tensor changes(const at::Tensor& loss) const;
  /// Null where there is nothing to wait for.
  c10::intrusive_ptr<c10d::Work> send(const ShardCounter& sums) {
    return sum_nodes ? sum_nodes(sums.sums()) : nullptr;
  }

  ShardTree tree;
  Shards mine;
  SumNodes sum_nodes;
  std::vector<Bucket> buckets;
  /// The loss, and by how much the shard changed each statistic. Not their values: constants among
  /// them then stay what they are.
  std::unique_ptr<ShardCounter> rest;
  c10::intrusive_ptr<c10d::Work> rest_work;
  std::vector<at::Tensor> statistics, counts;        // buffers: of floating point, and others
  std::vector<at::Tensor> statistics_at, counts_at;  // before the step
  int shard = -1;
  bool collects = false;
  std::size_t sent = 0;  // buckets, on all ranks in the same order
};

// The backward pass calls it, on a GPU from a thread of its own while ours waits.
void ShardedGradients::State::has_gradient(Bucket& bucket) {
  if (!collects || --bucket.missing > 0) return;
  take(bucket);
  send_what_is_ready();
}

void ShardedGradients::State::take(Bucket& bucket) {
  const at::NoGradGuard no_grad;
  bucket.sums.add(shard, bucket.gradients());
  bucket.drop_gradients();
  bucket.missing = 0;
}

void ShardedGradients::State::send_what_is_ready() {
  if (shard + 1 < mine.end()) return;
  while (sent < buckets.size() && buckets[sent].missing == 0) {
    Bucket& bucket = buckets[sent++];
    bucket.work = send(bucket.sums);
  }
}

void ShardedGradients::State::keep_buffers() {
  const auto copies = [](const std::vector<at::Tensor>& tensors) {
    std::vector<at::Tensor> made;
    for (const at::Tensor& each : tensors) made.push_back(each.clone());
    return made;
  };
  statistics_at = copies(statistics);
  counts_at = copies(counts);
}

void ShardedGradients::State::set_buffers() {
  if (!statistics.empty()) at::_foreach_copy_(statistics, statistics_at);
  if (!counts.empty()) at::_foreach_copy_(counts, counts_at);
}

at::Tensor ShardedGradients::State::changes(const at::Tensor& loss) const {
  std::vector<at::Tensor> all{loss.reshape({1}).to(at::kFloat)};
  for (std::size_t i = 0; i < statistics.size(); ++i) {
    all.push_back(statistics[i].sub(statistics_at[i]).flatten().to(at::kFloat));
  }
  return at::cat(all);
}

ShardedGradients::ShardedGradients(models::Model& model, World& world, int shards)
    : model_(model), world_(world), state_(std::make_unique<State>(model, world, shards)) {
  hook();
}

ShardedGradients::~ShardedGradients() {
  unhook();
}

void ShardedGradients::renew() {
  unhook();
  state_ = std::make_unique<State>(model_, world_, shards());
  hook();
}

void ShardedGradients::hook() {
  for (State::Bucket& bucket : state_->buckets) {
    for (const at::Tensor& parameter : bucket.parameters) {
      torch::autograd::impl::set_post_acc_grad_hooks(
          parameter, std::make_unique<GradientHook>(
                         [state = state_.get(), &bucket] { state->has_gradient(bucket); }));
    }
  }
}

void ShardedGradients::unhook() {
  for (const State::Bucket& bucket : state_->buckets) {
    for (const at::Tensor& parameter : bucket.parameters) {
      torch::autograd::impl::set_post_acc_grad_hooks(parameter, nullptr);
    }
  }
}

int ShardedGradients::shards() const {
  return state_->tree.shards();
}

const Shards& ShardedGradients::mine() const {
  return state_->mine;
}

void ShardedGradients::begin(int shard) {
  const at::NoGradGuard no_grad;
  State& state = *state_;
  state.shard = shard;
  for (State::Bucket& bucket : state.buckets) bucket.drop_gradients();
  if (shard > state.mine.first) {
    state.set_buffers();
    return;
  }
  state.keep_buffers();
  state.sent = 0;
  for (State::Bucket& bucket : state.buckets) bucket.sums.clear();
  if (state.rest) state.rest->clear();
}

void ShardedGradients::collect() {
  for (State::Bucket& bucket : state_->buckets) bucket.missing = bucket.parameters.size();
  state_->collects = true;
}

void ShardedGradients::end(const at::Tensor& loss) {
  const at::NoGradGuard no_grad;
  State& state = *state_;
  state.collects = false;
  for (State::Bucket& bucket : state.buckets) {
    if (bucket.missing > 0) state.take(bucket);  // some parameters had no part in the loss
  }
  state.send_what_is_ready();
  const at::Tensor changes = state.changes(loss);
  if (!state.rest)
    state.rest = std::make_unique<ShardCounter>(state.tree, state.mine, std::vector{changes});
  state.rest->add(state.shard, {changes});
  if (state.shard + 1 == state.mine.end()) {
    state.rest_work = state.send(*state.rest);
  }
}

at::Tensor ShardedGradients::finish() {
  const at::NoGradGuard no_grad;
  State& state = *state_;
  const int shards = state.tree.shards();
  const auto mean = [shards](ShardCounter& sums,
                             const c10::intrusive_ptr<c10d::Work>& work) -> TensorBlock& {
    if (work) work->wait();
    sums.first().all.div_(shards);
    return sums.first();
  };
  for (State::Bucket& bucket : state.buckets) {
    const TensorBlock& block = mean(bucket.sums, bucket.work);
    for (std::size_t i = 0; i < bucket.parameters.size(); ++i) {
      bucket.parameters[i].mutable_grad() = block.parts[i];
    }
  }
  const at::Tensor rest = mean(*state.rest, state.rest_work).all;
  std::int64_t first = 1;
  for (std::size_t i = 0; i < state.statistics.size(); ++i) {
    at::Tensor& buffer = state.statistics[i];
    const at::Tensor change = rest.narrow(0, first, buffer.numel()).view(buffer.sizes());
    buffer.copy_(state.statistics_at[i].add(change));
    first += buffer.numel();
  }
  return rest.select(0, 0).clone();
}

}  // namespace imgcls::dist
