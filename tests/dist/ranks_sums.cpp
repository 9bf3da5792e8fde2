// The order in which an allreduce adds: all bits are those of one tree over the ranks, for each
// number wherever it lies.
#include <ATen/Context.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/max.h>
#include <ATen/ops/min.h>
#include <ATen/ops/randn.h>
#include <torch/csrc/distributed/c10d/ProcessGroup.hpp>

#include <cstring>
#include <functional>
#include <vector>

#include "ranks.h"

namespace imgcls::dist_test {
namespace {

using c10d::ReduceOp;
using Join = std::function<at::Tensor(const at::Tensor&, const at::Tensor&)>;

/// What each rank holds: every rank makes all of them.
std::vector<at::Tensor> all_parts(const World& world, std::int64_t count, at::ScalarType type) {
  at::manual_seed(static_cast<std::uint64_t>(count));
  std::vector<at::Tensor> parts;
  for (int rank = 0; rank < world.size(); ++rank) {
    parts.push_back(at::randn({count}).mul(40).clamp(-100, 100).to(type));
  }
  if (type == at::kByte) {
    for (at::Tensor& part : parts) part = part.to(at::kShort).abs().to(type);
  }
  return parts;
}

/// ((0 1) (2 3)) 4, with as many parts as there are.
at::Tensor in_tree(std::vector<at::Tensor> parts, const Join& join) {
  while (parts.size() > 1) {
    std::vector<at::Tensor> pairs;
    for (std::size_t i = 0; i < parts.size(); i += 2) {
      pairs.push_back(i + 1 < parts.size() ? join(parts[i], parts[i + 1]) : parts[i]);
    }
    parts = pairs;
  }
  return parts.front();
}

at::Tensor allreduce(World& world, const at::Tensor& mine, ReduceOp::RedOpType op) {
  c10d::AllreduceOptions options;
  options.reduceOp = op;
  std::vector<at::Tensor> tensors{mine.clone()};
  world.process_group()->allreduce(tensors, options)->wait();
  return tensors.front();
}

bool same_bits(const at::Tensor& a, const at::Tensor& b) {
  return a.sizes() == b.sizes() && a.scalar_type() == b.scalar_type() &&
         std::memcmp(a.const_data_ptr(), b.const_data_ptr(), a.nbytes()) == 0;
}

void check(World& world, std::int64_t count, at::ScalarType type) {
  const std::vector<at::Tensor> parts = all_parts(world, count, type);
  const at::Tensor& mine = parts[static_cast<std::size_t>(world.rank())];
  const auto gives = [&](ReduceOp::RedOpType op, const Join& join) {
    expect(same_bits(allreduce(world, mine, op), in_tree(parts, join)), world);
  };
  gives(ReduceOp::SUM, [](const auto& a, const auto& b) { return a + b; });
  gives(ReduceOp::MIN, [](const auto& a, const auto& b) { return at::min(a, b); });
  gives(ReduceOp::MAX, [](const auto& a, const auto& b) { return at::max(a, b); });
  if (type == at::kHalf || type == at::kBFloat16) return;  // multiplied as floats
  gives(ReduceOp::PRODUCT, [](const auto& a, const auto& b) { return a * b; });
}

/// The numbers' sums with as many others before them.
void check_place(World& world, const at::Tensor& mine, std::int64_t before) {
  const at::Tensor alone = allreduce(world, mine, ReduceOp::SUM);
  const at::Tensor others = at::randn({before});
  const at::Tensor among = allreduce(world, at::cat({others, mine, others}), ReduceOp::SUM);
  expect(same_bits(among.narrow(0, before, mine.numel()).contiguous(), alone), world);
}

/// Otherwise the cases above say nothing.
void check_that_order_matters(World& world) {
  const std::vector<at::Tensor> parts = all_parts(world, 1000, at::kFloat);
  const Join add = [](const auto& a, const auto& b) { return a + b; };
  at::Tensor from_the_last = parts.back();
  for (std::size_t i = parts.size() - 1; i-- > 0;) from_the_last = from_the_last + parts[i];
  expect(same_bits(in_tree(parts, add), from_the_last) == (world.size() == 2), world);
}

}  // namespace

void sums_in_a_tree(World& world) {
  check_that_order_matters(world);
  const std::int64_t ranks = world.size();
  for (const at::ScalarType type : {at::kFloat, at::kDouble, at::kLong, at::kInt, at::kShort,
                                    at::kChar, at::kByte, at::kHalf, at::kBFloat16}) {
    for (const std::int64_t count : {std::int64_t{0}, std::int64_t{1}, std::int64_t{2},
                                     std::int64_t{7}, ranks - 1, ranks, std::int64_t{20000}}) {
      check(world, count, type);
    }
  }
  // 8 KiB, up to which all go to all, and a number more; three blocks and some.
  for (const std::int64_t count : {std::int64_t{2048}, std::int64_t{2049}, 200000 * ranks + 3}) {
    check(world, count, at::kFloat);
    check(world, 2 * count, at::kBFloat16);
  }
  const at::Tensor mine =
      all_parts(world, 3000, at::kFloat)[static_cast<std::size_t>(world.rank())];
  for (const std::int64_t before : {1, 2500, 100000}) check_place(world, mine, before);
}

}  // namespace imgcls::dist_test
