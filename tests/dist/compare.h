#pragma once
// Shares of a batch, and comparisons of what ranks hold.

#include <ATen/TensorOperators.h>
#include <imgcls/dist/world.h>
#include <imgcls/models/model.h>
#include <imgcls/train/input.h>

#include <algorithm>
#include <string>
#include <vector>

namespace imgcls::dist_test {

/// This rank's part of a batch whose size is a multiple of the ranks.
inline train::DeviceBatch share(const train::DeviceBatch& whole, const dist::World& world) {
  const std::int64_t count = whole.images.size(0) / world.size();
  return {whole.images.narrow(0, world.rank() * count, count),
          whole.labels.narrow(0, world.rank() * count, count)};
}

inline double largest_difference(const at::Tensor& a, const at::Tensor& b) {
  return (a - b).abs().max().item<double>();
}

/// The same over all parameters of two models of one kind.
inline double largest_difference(const models::Model& a, const models::Model& b) {
  double largest = 0;
  const auto left = a.parameters(), right = b.parameters();
  for (std::size_t i = 0; i < left.size(); ++i) {
    largest = std::max(largest, largest_difference(left[i].tensor, right[i].tensor));
  }
  return largest;
}

/// The average of a float tensor over the ranks, in place and apart from c10d.
inline void average_over_ranks(at::Tensor& tensor, dist::World& world) {
  at::Tensor sum = tensor.to(at::kDouble).contiguous();
  world.sum({sum.data_ptr<double>(), static_cast<std::size_t>(sum.numel())});
  tensor = sum.div_(world.size()).to(tensor.scalar_type());
}

inline std::string bytes_of(const std::vector<models::NamedTensor>& tensors) {
  std::string bytes;
  for (const models::NamedTensor& named : tensors) {
    const at::Tensor tensor = named.tensor.contiguous();
    bytes.append(static_cast<const char*>(tensor.const_data_ptr()), tensor.nbytes());
  }
  return bytes;
}

inline bool equal_on_all_ranks(const std::vector<models::NamedTensor>& tensors,
                               dist::World& world) {
  const std::string mine = bytes_of(tensors);
  for (const std::string& bytes : world.gather(mine)) {
    if (bytes != mine) return false;
  }
  return true;
}

}  // namespace imgcls::dist_test
