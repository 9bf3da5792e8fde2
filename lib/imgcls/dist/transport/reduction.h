#pragma once
// Sums, and other reductions, of numbers in memory, in an order that is always the same. Internal
// to dist/.

#include <c10/core/ScalarType.h>

#include <cstddef>
#include <cstdint>
#include <span>

namespace imgcls::dist {

enum class Reduction { sum, product, min, max };

/// Numbers in one block of memory.
struct Numbers {
  void* data = nullptr;
  std::int64_t count = 0;
  c10::ScalarType type = c10::ScalarType::Float;
};

/// into[i] = parts[0][i] (op) parts[1][i] (op) ..., in a binary tree: the first 2^k parts against
/// the others, with 2^k the largest power of two below their number, and so on within both. Thus
/// each sum's bits depend on its numbers alone, not on their place; and 2^k parts in a row that
/// begin at a multiple of 2^k are put together first. The parts have as many numbers as `into`, and
/// the same type; `into` may be one of them. The others are used as scratch memory.
void reduce_in_tree(std::span<void* const> parts, const Numbers& into, Reduction reduction);

}  // namespace imgcls::dist
