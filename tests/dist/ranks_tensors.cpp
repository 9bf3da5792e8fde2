#include <ATen/ops/arange.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>
#include <ATen/ops/zeros.h>
#include <torch/csrc/distributed/c10d/ProcessGroup.hpp>

#include "ranks.h"

namespace imgcls::dist_test {
namespace {

using c10d::ReduceOp;

at::Tensor allreduce(World& world, const at::Tensor& tensor, ReduceOp::RedOpType op) {
  c10d::AllreduceOptions options;
  options.reduceOp = op;
  std::vector<at::Tensor> tensors{tensor};
  world.process_group()->allreduce(tensors, options)->wait();
  return tensor;
}

at::Tensor broadcast(World& world, const at::Tensor& tensor, int root) {
  c10d::BroadcastOptions options;
  options.rootRank = root;
  std::vector<at::Tensor> tensors{tensor};
  world.process_group()->broadcast(tensors, options)->wait();
  return tensor;
}

// Rank r holds 0..11 plus r.
at::Tensor mine(const World& world, at::ScalarType type) {
  return at::arange(12, at::kLong).add(world.rank()).to(type).view({3, 4});
}

void check_type(World& world, at::ScalarType type) {
  const std::int64_t ranks = world.size();
  const at::Tensor base = at::arange(12, at::kLong).view({3, 4});
  const at::Tensor sum = base * ranks + ranks * (ranks - 1) / 2;
  expect(allreduce(world, mine(world, type), ReduceOp::SUM).equal(sum.to(type)), world);
  expect(allreduce(world, mine(world, type), ReduceOp::MAX).equal((base + ranks - 1).to(type)),
         world);
  expect(allreduce(world, mine(world, type), ReduceOp::MIN).equal(base.to(type)), world);
  const int root = world.size() - 1;
  expect(broadcast(world, mine(world, type), root).equal((base + root).to(type)), world);

  std::vector<at::Tensor> inputs{mine(world, type)};
  std::vector<std::vector<at::Tensor>> outputs(1);
  for (int rank = 0; rank < ranks; ++rank) outputs[0].push_back(at::empty({3, 4}, type));
  world.process_group()->allgather(outputs, inputs)->wait();
  for (int rank = 0; rank < ranks; ++rank) {
    expect(outputs[0][static_cast<std::size_t>(rank)].equal((base + rank).to(type)), world);
  }
}

// Columns of a larger matrix, and a channels-last image: neither lies in memory row by row.
void check_strides(World& world) {
  const double sum = world.size() * (world.size() + 1) / 2.0;
  const at::Tensor whole = at::zeros({4, 6});
  const at::Tensor columns = whole.slice(1, 1, 3);
  columns.fill_(world.rank() + 1);
  allreduce(world, columns, ReduceOp::SUM);
  expect(columns.equal(at::full({4, 2}, sum)), world);
  expect(whole.sum().item<double>() == 8 * sum, world);
  columns.fill_(world.rank());
  expect(broadcast(world, columns, 1).equal(at::full({4, 2}, 1.0)), world);

  const at::Tensor image = at::arange(2 * 3 * 4 * 5).view({2, 3, 4, 5}).to(at::kFloat);
  const at::Tensor last = (image * (world.rank() + 1)).contiguous(at::MemoryFormat::ChannelsLast);
  expect(allreduce(world, last, ReduceOp::SUM).equal(image * sum), world);
}

void check_errors(World& world) {
  std::vector<at::Tensor> two{at::zeros({1}), at::zeros({1})};
  bool refused = false;
  try {
    world.process_group()->allreduce(two)->wait();
  } catch (const std::exception&) {
    refused = true;
  }
  expect(refused, world);
}

}  // namespace

void tensors(World& world) {
  for (const at::ScalarType type : {at::kFloat, at::kDouble, at::kLong, at::kInt, at::kShort,
                                    at::kChar, at::kByte, at::kHalf, at::kBFloat16}) {
    check_type(world, type);
  }
  const at::Tensor any = at::full({3}, world.rank() == 1, at::kBool);
  expect(allreduce(world, any, ReduceOp::SUM).all().item<bool>(), world);
  const at::Tensor average = at::full({3}, world.rank(), at::kFloat);
  expect(allreduce(world, average, ReduceOp::AVG).equal(at::full({3}, (world.size() - 1) / 2.0)),
         world);
  expect(allreduce(world, at::empty({0}), ReduceOp::SUM).numel() == 0, world);
  check_strides(world);
  check_errors(world);
  world.process_group()->barrier()->wait();
}

}  // namespace imgcls::dist_test
