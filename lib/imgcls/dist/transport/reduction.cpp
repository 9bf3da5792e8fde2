#include <ATen/core/grad_mode.h>
#include <ATen/ops/add.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/maximum.h>
#include <ATen/ops/minimum.h>
#include <ATen/ops/mul.h>
#include <imgcls/dist/transport/reduction.h>

#include <algorithm>
#include <bit>

namespace imgcls::dist {
namespace {

// into = a (op) b; `into` may be one of them.
void reduce_two(const Numbers& into, void* a, void* b, Reduction reduction) {
  const auto tensor = [&](void* data) {
    return at::from_blob(data, {into.count}, at::TensorOptions().dtype(into.type));
  };
  at::Tensor result = tensor(into.data);
  switch (reduction) {
    case Reduction::sum:
      at::add_out(result, tensor(a), tensor(b));
      return;
    case Reduction::product:
      at::mul_out(result, tensor(a), tensor(b));
      return;
    case Reduction::min:
      at::minimum_out(result, tensor(a), tensor(b));
      return;
    case Reduction::max:
      at::maximum_out(result, tensor(a), tensor(b));
      return;
  }
}

// Where all of `parts`, put together, then lie: in the first of them.
void* reduce_subtree(std::span<void* const> parts, const Numbers& like, Reduction reduction) {
  if (parts.size() > 1) reduce_in_tree(parts, {parts[0], like.count, like.type}, reduction);
  return parts[0];
}

}  // namespace

void reduce_in_tree(std::span<void* const> parts, const Numbers& into, Reduction reduction) {
  const at::NoGradGuard no_grad;
  const std::size_t half = std::bit_floor(parts.size() - 1);
  void* left = reduce_subtree(parts.first(half), into, reduction);
  void* right = reduce_subtree(parts.subspan(half), into, reduction);
  reduce_two(into, left, right, reduction);
}

}  // namespace imgcls::dist
