#include <imgcls/train/part_statistics.h>

#include <ATen/ops/cat.h>
#include <ATen/ops/zeros.h>

#include <cstdint>
#include <span>

namespace imgcls::train {
namespace {

/// All values one behind the other, in double.
at::Tensor row_of(const std::vector<at::Tensor>& values) {
  std::vector<at::Tensor> flat;
  for (const at::Tensor& value : values) flat.push_back(value.flatten());
  return at::cat(flat).to(at::kDouble);
}

}  // namespace

void PartStatistics::add(int part, const std::vector<at::Tensor>& values) {
  at::Tensor& row = rows_[static_cast<std::size_t>(part)];
  row = row.defined() ? row.add_(row_of(values)) : row_of(values);
}

void PartStatistics::average(const std::vector<at::Tensor>& values, std::size_t batches,
                             dist::World& world) {
  const auto parts = static_cast<std::int64_t>(rows_.size());
  std::int64_t columns = 0;
  for (const at::Tensor& value : values) columns += value.numel();
  const at::Tensor sums = at::zeros({parts, columns}, at::TensorOptions().dtype(at::kDouble));
  for (std::int64_t part = 0; part < parts; ++part) {
    const at::Tensor& row = rows_[static_cast<std::size_t>(part)];
    if (row.defined()) sums[part].copy_(row);
  }
  world.sum(std::span(sums.mutable_data_ptr<double>(), static_cast<std::size_t>(sums.numel())));
  const at::Tensor mean = sums[0].clone();  // row by row: at::sum has an order of its own
  for (std::int64_t part = 1; part < parts; ++part) mean.add_(sums[part]);
  mean.div_(static_cast<double>(rows_.size() * batches));
  std::int64_t column = 0;
  for (const at::Tensor& value : values) {
    value.copy_(mean.narrow(0, column, value.numel()).view(value.sizes()));
    column += value.numel();
  }
}

}  // namespace imgcls::train
