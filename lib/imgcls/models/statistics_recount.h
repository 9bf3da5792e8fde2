#pragma once
// Batch norm's running statistics as plain means over some batches, instead of the moving average
// of the batches that training saw last: for weights that no batch was trained with, averages of
// weights above all. PyTorch's torch.optim.swa_utils.update_bn; "precise BN" (Wu and Johnson,
// arXiv:2105.07576).

#include <ATen/core/Tensor.h>
#include <imgcls/models/model.h>

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

namespace imgcls::models {

/// While it lives, batches that the model gets in training mode are averaged into its running
/// statistics, which begin anew. Its end leaves the layers' momenta as they were, and the
/// statistics, too, unless `keep` was called.
class StatisticsRecount {
 public:
  explicit StatisticsRecount(const Model& model);  ///< of its batch norms with running statistics
  ~StatisticsRecount();
  StatisticsRecount(const StatisticsRecount&) = delete;
  StatisticsRecount& operator=(const StatisticsRecount&) = delete;

  /// Whether the model has any.
  static bool has(const Model& model);

  /// Means and variances, as they lie in the model.
  const std::vector<at::Tensor>& values() const { return values_; }
  /// Forgets the batches so far: after the next one, values are its own.
  void restart();
  /// Leaves the values in the model, as those of so many batches.
  void keep(std::int64_t batches);

 private:
  Model model_;
  std::vector<std::optional<double>> momenta_;
  std::vector<at::Tensor> values_;
  std::vector<std::array<at::Tensor, 3>> before_;  // mean, variance, number of batches
  bool kept_ = false;
};

}  // namespace imgcls::models
