#pragma once
// Batch norm over the images of several processes by the kernels that ATen has for it on GPUs:
// three a layer each way, and what travels. Internal to models/.

#include <ATen/core/Tensor.h>
#include <imgcls/models/batch_norm.h>

#include <memory>

namespace imgcls::models {

/// Running statistics (undefined where there are none) and the share of a new batch in them.
struct RunningStatistics {
  at::Tensor mean, variance;
  double momentum = 0.1;
};

/// As BatchNorm2d's forward with an exchange, on a device other than a CPU, in the arithmetic of
/// PyTorch's SyncBatchNorm: statistics travel as float (double for double images). `weight` and
/// `bias` may be undefined. Follows the running statistics. Waits for nothing.
at::Tensor normalize_on_device(const at::Tensor& images, const at::Tensor& weight,
                               const at::Tensor& bias, const RunningStatistics& running, double eps,
                               std::shared_ptr<StatisticsExchange> exchange);

}  // namespace imgcls::models
