#include <imgcls/dist/shard_counter.h>

#include <ATen/ops/add.h>
#include <ATen/ops/empty.h>

#include <utility>

namespace imgcls::dist {
namespace {

TensorBlock block_like(const std::vector<at::Tensor>& tensors) {
  std::int64_t count = 0;
  for (const at::Tensor& tensor : tensors) count += tensor.numel();
  const auto options =
      at::TensorOptions().dtype(tensors.front().scalar_type()).device(tensors.front().device());
  TensorBlock block{at::empty({count}, options), {}};
  std::int64_t first = 0;
  for (const at::Tensor& tensor : tensors) {
    const at::Tensor flat = block.all.narrow(0, first, tensor.numel());
    block.parts.push_back(tensor.is_non_overlapping_and_dense()
                              ? flat.as_strided(tensor.sizes(), tensor.strides())
                              : flat.view(tensor.sizes()));
    first += tensor.numel();
  }
  return block;
}

/// block = left + right; an undefined tensor is zero.
void set_sum(TensorBlock& block, const std::vector<at::Tensor>& left,
             const std::vector<at::Tensor>& right) {
  for (std::size_t i = 0; i < left.size(); ++i) {
    at::Tensor& part = block.parts[i];
    if (left[i].defined() && right[i].defined()) {
      at::add_out(part, left[i], right[i]);
    } else if (left[i].defined() || right[i].defined()) {
      part.copy_(left[i].defined() ? left[i] : right[i]);
    } else {
      part.zero_();
    }
  }
}

}  // namespace

// A shard whose sibling comes next waits for it as it is, which saves copying it into a block.
void ShardCounter::add(int shard, const std::vector<at::Tensor>& tensors) {
  const Shards leaf{shard, 1};
  if (waiting_.empty() && shard + 1 < mine_.end() && tree_.are_siblings(leaf, {shard + 1, 1})) {
    waiting_ = tensors;
    return;
  }
  Node node{leaf, take_block()};
  if (waiting_.empty()) {
    set_sum(node.block, tensors, std::vector<at::Tensor>(tensors.size()));
  } else {
    set_sum(node.block, waiting_, tensors);
    node.shards = {shard - 1, 2};
    waiting_.clear();
  }
  nodes_.push_back(std::move(node));
  merge();
}

void ShardCounter::merge() {
  add_up_siblings(tree_, nodes_, [this](Node& left, Node& right) {
    left.block.all.add_(right.block.all);
    spare_.push_back(std::move(right.block));
  });
}

std::vector<at::Tensor> ShardCounter::sums() const {
  std::vector<at::Tensor> all;
  for (const Node& node : nodes_) all.push_back(node.block.all);
  return all;
}

void ShardCounter::clear() {
  for (Node& node : nodes_) spare_.push_back(std::move(node.block));
  nodes_.clear();
  waiting_.clear();
}

TensorBlock ShardCounter::take_block() {
  if (spare_.empty()) return block_like(like_);
  TensorBlock block = std::move(spare_.back());
  spare_.pop_back();
  return block;
}

}  // namespace imgcls::dist
