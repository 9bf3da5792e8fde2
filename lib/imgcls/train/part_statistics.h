#pragma once
// Batch norm's statistics over batches that go through the model in parts, on one rank or many.
// Internal to imgcls::train.

#include <ATen/core/Tensor.h>
#include <imgcls/dist/world.h>

#include <cstddef>
#include <vector>

namespace imgcls::train {

/// Sums of statistics, a row for each part of a global batch that goes through the model alone: a
/// shard or, without shards, a rank's share. Each rank fills the rows of its own parts, so that
/// adding them over the ranks, and then row by row, has the same bits whoever made them.
class PartStatistics {
 public:
  /// For `parts` over all ranks.
  explicit PartStatistics(int parts) : rows_(static_cast<std::size_t>(parts)) {}

  /// The statistics of a batch's part, one of this rank's, numbered over all ranks. Does not wait
  /// for the device.
  void add(int part, const std::vector<at::Tensor>& values);

  /// Sets `values` to the means over all parts of so many batches. A collective.
  void average(const std::vector<at::Tensor>& values, std::size_t batches, dist::World& world);

 private:
  std::vector<at::Tensor> rows_;  // double, on the device; undefined: another rank's
};

}  // namespace imgcls::train
