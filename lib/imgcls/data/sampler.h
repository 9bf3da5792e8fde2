#pragma once
// Which samples a batch holds. An epoch's order is one global permutation, cut into global batches,
// of which each rank takes its share; so the order does not depend on the number of ranks.

#include <cstddef>
#include <cstdint>
#include <vector>

namespace imgcls::data {

/// The order of `size` samples in `epoch`: Fisher-Yates with Philox keyed by (seed, epoch), and by
/// `list` where one seed orders several. Throws DataError for 2^32 samples and more.
std::vector<std::uint32_t> shuffled_order(std::size_t size, std::uint64_t seed, std::uint32_t epoch,
                                          std::uint64_t list = 0);

/// A half-open range of positions.
struct Range {
  std::size_t begin = 0;                            ///< the first position
  std::size_t end = 0;                              ///< the one behind the last
  std::size_t size() const { return end - begin; }  ///< positions in it
};

/// Rank `rank`'s share of the global batch that starts at position `start` of an epoch, with
/// `batch` samples over `world` ranks. The batch is dealt in `shards` pieces of equal size, whole
/// and in order, of which it is a multiple; there are at least as many as ranks.
Range share_of_batch(std::size_t start, std::size_t batch, int rank, int world, int shards);

}  // namespace imgcls::data
