#include <imgcls/core/error.h>
#include <imgcls/core/philox.h>
#include <imgcls/core/share.h>
#include <imgcls/data/sampler.h>

#include <fmt/format.h>

#include <limits>
#include <numeric>
#include <utility>

namespace imgcls::data {

std::vector<std::uint32_t> shuffled_order(std::size_t size, std::uint64_t seed, std::uint32_t epoch,
                                          std::uint64_t list) {
  if (size > std::numeric_limits<std::uint32_t>::max()) {
    throw DataError(fmt::format("cannot shuffle {} samples: at most 2^32 - 1 are supported", size));
  }
  std::vector<std::uint32_t> order(size);
  std::iota(order.begin(), order.end(), 0U);
  Random random(seed, epoch, list, RandomStream::shuffle);
  for (std::size_t left = size; left > 1; --left) {
    std::swap(order[left - 1], order[random.below(left)]);
  }
  return order;
}

Range share_of_batch(std::size_t start, std::size_t batch, int rank, int world, int shards) {
  const std::size_t piece = batch / static_cast<std::size_t>(shards);
  const auto share = share_of(static_cast<std::size_t>(shards), rank, world);
  return {start + share.first * piece, start + share.end() * piece};
}

}  // namespace imgcls::data
