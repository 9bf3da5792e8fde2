#include <imgcls/dist/transport/tree_allreduce.h>

#include <algorithm>
#include <cstdint>

namespace imgcls::dist {
namespace {

// Up to here latency is all: in one step every rank gets all numbers of all others, and makes all
// sums itself.
constexpr std::size_t kSmallBytes = 8 << 10;

constexpr std::size_t kAlignment = 64;  // of the places for what is received

Numbers part_of(const Numbers& numbers, std::int64_t first, std::int64_t count) {
  auto* data = static_cast<std::byte*>(numbers.data);
  const auto element = static_cast<std::int64_t>(c10::elementSize(numbers.type));
  return {data + first * element, count, numbers.type};
}

Numbers slice_of(const Numbers& block, int rank, int size) {
  const std::int64_t first = block.count * rank / size;
  return part_of(block, first, block.count * (rank + 1) / size - first);
}

std::span<std::byte> bytes_of(const Numbers& numbers) {
  return {static_cast<std::byte*>(numbers.data),
          static_cast<std::size_t>(numbers.count) * c10::elementSize(numbers.type)};
}

}  // namespace

void TreeAllreduce::run(const Numbers& numbers, Reduction reduction, const Exchange& exchange) {
  if (size_ == 1 || numbers.count == 0) return;
  const std::size_t bytes = bytes_of(numbers).size();
  place_ = std::min(static_cast<std::size_t>(slice_bytes_), (bytes / kAlignment + 1) * kAlignment);
  received_.resize(std::max(received_.size(), place_ * static_cast<std::size_t>(size_)));
  if (bytes <= kSmallBytes) {
    run_small(numbers, reduction, exchange);
  } else {
    run_in_blocks(numbers, reduction, exchange);
  }
}

void TreeAllreduce::run_small(const Numbers& numbers, Reduction reduction,
                              const Exchange& exchange) {
  const std::span<std::byte> mine = bytes_of(numbers);
  std::vector<Outgoing> out;
  std::vector<Incoming> in;
  for (const int rank : others()) {
    out.push_back({rank, mine});
    in.push_back({rank, received_from(rank, mine.size())});
  }
  exchange(out, in);
  reduce_received(numbers, reduction);
}

// The sums of one block travel together with the numbers of the next.
void TreeAllreduce::run_in_blocks(const Numbers& numbers, Reduction reduction,
                                  const Exchange& exchange) {
  const std::vector<int> ranks = others();
  const auto element = static_cast<std::int64_t>(c10::elementSize(numbers.type));
  const std::int64_t most = slice_bytes_ / element * size_;
  std::vector<Outgoing> out;
  std::vector<Incoming> in;
  Numbers summed{nullptr, 0, numbers.type};
  for (std::int64_t first = 0; first < numbers.count || summed.count > 0; first += most) {
    const std::int64_t left = std::max<std::int64_t>(numbers.count - first, 0);
    const Numbers block = part_of(numbers, left > 0 ? first : 0, std::min(most, left));
    const Numbers mine = slice_of(block, rank_, size_);
    out.clear();
    in.clear();
    for (const int rank : ranks) {
      out.push_back({rank, bytes_of(slice_of(block, rank, size_))});
      in.push_back({rank, received_from(rank, bytes_of(mine).size())});
    }
    for (const int rank : ranks) {
      out.push_back({rank, bytes_of(slice_of(summed, rank_, size_))});
      in.push_back({rank, bytes_of(slice_of(summed, rank, size_))});
    }
    exchange(out, in);
    reduce_received(mine, reduction);
    summed = block;
  }
}

void TreeAllreduce::reduce_received(const Numbers& into, Reduction reduction) {
  if (into.count == 0) return;
  std::vector<void*> parts;
  for (int rank = 0; rank < size_; ++rank) {
    const bool own = rank == rank_;
    parts.push_back(own ? into.data : received_from(rank, bytes_of(into).size()).data());
  }
  reduce_in_tree(parts, into, reduction);
}

std::span<std::byte> TreeAllreduce::received_from(int rank, std::size_t bytes) {
  return std::span(received_).subspan(static_cast<std::size_t>(rank) * place_, bytes);
}

std::vector<int> TreeAllreduce::others() const {
  std::vector<int> ranks;
  for (int step = 1; step < size_; ++step) ranks.push_back((rank_ + step) % size_);
  return ranks;
}

}  // namespace imgcls::dist
