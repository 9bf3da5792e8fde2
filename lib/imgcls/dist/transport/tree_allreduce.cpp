#include <imgcls/dist/transport/tree_allreduce.h>

#include <algorithm>
#include <cstdint>
#include <utility>

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
  const Share<std::int64_t> slice = share_of(block.count, rank, size);
  return part_of(block, slice.first, slice.count);
}

// The same part of each block.
template <class Part>
std::vector<Numbers> parts_of(std::span<const Numbers> blocks, const Part& part) {
  std::vector<Numbers> parts;
  for (const Numbers& block : blocks) parts.push_back(part(block));
  return parts;
}

std::span<std::byte> bytes_of(const Numbers& numbers) {
  return {static_cast<std::byte*>(numbers.data),
          static_cast<std::size_t>(numbers.count) * c10::elementSize(numbers.type)};
}

}  // namespace

TreeAllreduce::TreeAllreduce(int rank, int size, std::int64_t slice_bytes)
    : rank_(rank), size_(size), slice_bytes_(slice_bytes) {
  for (int each = 0; each < size; ++each) one_each_.push_back({{each, 1}});
}

void TreeAllreduce::run(const Numbers& numbers, Reduction reduction, const Exchange& exchange) {
  run(std::span(&numbers, 1), one_each_, reduction, exchange);
}

void TreeAllreduce::run(std::span<const Numbers> mine, const NodesOfRanks& nodes,
                        Reduction reduction, const Exchange& exchange) {
  if (size_ == 1 || mine.front().count == 0) return;
  const std::size_t bytes = bytes_of(mine.front()).size();
  place_ = std::min(static_cast<std::size_t>(slice_bytes_), (bytes / kAlignment + 1) * kAlignment);
  std::size_t places = 0;
  for (const auto& of_rank : nodes) places += of_rank.size();
  received_.resize(std::max(received_.size(), place_ * places));
  const Sum sum{mine, nodes, reduction, exchange};
  bytes <= kSmallBytes ? run_small(sum) : run_in_blocks(sum);
}

void TreeAllreduce::run_small(const Sum& sum) {
  std::vector<Outgoing> out;
  std::vector<Incoming> in;
  for (const int rank : others()) {
    for (const Numbers& node : sum.mine) out.push_back({rank, bytes_of(node)});
    for (const auto place : places_of(sum, rank, bytes_of(sum.mine.front()).size())) {
      in.push_back({rank, place});
    }
  }
  sum.exchange(out, in);
  reduce_received(sum, sum.mine);
}

// The sums of one block travel together with the numbers of the next.
void TreeAllreduce::run_in_blocks(const Sum& sum) {
  const std::vector<int> ranks = others();
  const Numbers& result = sum.mine.front();
  const auto element = static_cast<std::int64_t>(c10::elementSize(result.type));
  const std::int64_t most = slice_bytes_ / element * size_;
  std::vector<Outgoing> out;
  std::vector<Incoming> in;
  Numbers summed{nullptr, 0, result.type};
  for (std::int64_t first = 0; first < result.count || summed.count > 0; first += most) {
    const std::int64_t left = std::max<std::int64_t>(result.count - first, 0);
    const std::vector<Numbers> blocks = parts_of(sum.mine, [&](const Numbers& node) {
      return part_of(node, left > 0 ? first : 0, std::min(most, left));
    });
    const auto slices = [&](int rank) {
      return parts_of(blocks, [&](const Numbers& block) { return slice_of(block, rank, size_); });
    };
    const std::vector<Numbers> mine = slices(rank_);
    out.clear();
    in.clear();
    for (const int rank : ranks) {
      for (const Numbers& slice : slices(rank)) out.push_back({rank, bytes_of(slice)});
      for (const auto place : places_of(sum, rank, bytes_of(mine.front()).size())) {
        in.push_back({rank, place});
      }
    }
    for (const int rank : ranks) {
      out.push_back({rank, bytes_of(slice_of(summed, rank_, size_))});
      in.push_back({rank, bytes_of(slice_of(summed, rank, size_))});
    }
    sum.exchange(out, in);
    reduce_received(sum, mine);
    summed = blocks.front();
  }
}

void TreeAllreduce::reduce_received(const Sum& sum, std::span<const Numbers> mine) {
  if (mine.front().count == 0) return;
  std::vector<TreeNode> all;
  for (int rank = 0; rank < size_; ++rank) {
    const std::vector<Shards>& nodes = sum.nodes[static_cast<std::size_t>(rank)];
    const auto places = places_of(sum, rank, bytes_of(mine.front()).size());
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      all.push_back({nodes[i], rank == rank_ ? mine[i].data : places[i].data()});
    }
  }
  reduce_nodes(all, mine.front(), sum.reduction);
}

std::vector<std::span<std::byte>> TreeAllreduce::places_of(const Sum& sum, int rank,
                                                           std::size_t bytes) {
  std::size_t before = 0;
  for (int each = 0; each < rank; ++each) {
    before += sum.nodes[static_cast<std::size_t>(each)].size();
  }
  std::vector<std::span<std::byte>> places;
  for (std::size_t i = 0; i < sum.nodes[static_cast<std::size_t>(rank)].size(); ++i) {
    places.push_back(std::span(received_).subspan((before + i) * place_, bytes));
  }
  return places;
}

std::vector<int> TreeAllreduce::others() const {
  std::vector<int> ranks;
  for (int step = 1; step < size_; ++step) ranks.push_back((rank_ + step) % size_);
  return ranks;
}

}  // namespace imgcls::dist
