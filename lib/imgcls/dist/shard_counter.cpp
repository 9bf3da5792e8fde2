#include <imgcls/dist/shard_counter.h>

#include <ATen/ops/_foreach_add.h>
#include <ATen/ops/_foreach_copy.h>
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

void add_to(TensorBlock& block, const std::vector<at::Tensor>& tensors) {
  std::vector<at::Tensor> to, from;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    if (!tensors[i].defined()) continue;
    to.push_back(block.parts[i]);
    from.push_back(tensors[i]);
  }
  if (!to.empty()) at::_foreach_add_(to, from);
}

void copy_to(TensorBlock& block, const std::vector<at::Tensor>& tensors) {
  std::vector<at::Tensor> to, from;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    if (!tensors[i].defined()) {
      block.parts[i].zero_();
      continue;
    }
    to.push_back(block.parts[i]);
    from.push_back(tensors[i]);
  }
  if (!to.empty()) at::_foreach_copy_(to, from);
}

}  // namespace

void ShardCounter::add(int shard, const std::vector<at::Tensor>& tensors) {
  const Shards leaf{shard, 1};
  if (!nodes_.empty() && tree_.are_siblings(nodes_.back().shards, leaf)) {
    add_to(nodes_.back().block, tensors);
    nodes_.back().shards.count += 1;
  } else {
    nodes_.push_back({leaf, take_block()});
    copy_to(nodes_.back().block, tensors);
  }
  while (nodes_.size() > 1 && tree_.are_siblings(nodes_.end()[-2].shards, nodes_.back().shards)) {
    Node &left = nodes_.end()[-2], &right = nodes_.back();
    left.block.all.add_(right.block.all);
    left.shards.count += right.shards.count;
    spare_.push_back(std::move(right.block));
    nodes_.pop_back();
  }
}

std::vector<at::Tensor> ShardCounter::sums() const {
  std::vector<at::Tensor> all;
  for (const Node& node : nodes_) all.push_back(node.block.all);
  return all;
}

void ShardCounter::clear() {
  for (Node& node : nodes_) spare_.push_back(std::move(node.block));
  nodes_.clear();
}

TensorBlock ShardCounter::take_block() {
  if (spare_.empty()) return block_like(like_);
  TensorBlock block = std::move(spare_.back());
  spare_.pop_back();
  return block;
}

}  // namespace imgcls::dist
