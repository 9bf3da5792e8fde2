#include <imgcls/train/part_statistics.h>

#include <ATen/ops/empty.h>

#include <span>

namespace imgcls::train {
namespace {

std::span<double> numbers_of(const at::Tensor& host) {
  return {host.mutable_data_ptr<double>(), static_cast<std::size_t>(host.numel())};
}

}  // namespace

PartStatistics::PartStatistics(int parts, const std::vector<at::Tensor>& values)
    : parts_(static_cast<std::size_t>(parts)) {
  for (const at::Tensor& value : values) columns_ += static_cast<std::size_t>(value.numel());
  sums_.resize(parts_ * columns_);
}

void PartStatistics::add(int part, const std::vector<at::Tensor>& values) {
  std::size_t place = static_cast<std::size_t>(part) * columns_;
  for (const at::Tensor& value : values) {
    const at::Tensor host = value.to(at::kCPU, at::kDouble).contiguous();
    for (const double each : numbers_of(host)) sums_[place++] += each;
  }
}

void PartStatistics::average(const std::vector<at::Tensor>& values, std::size_t batches,
                             dist::World& world) {
  world.sum(std::span(sums_));
  const auto count = static_cast<double>(parts_ * batches);
  std::size_t column = 0;
  for (const at::Tensor& value : values) {
    const at::Tensor host = at::empty(value.sizes(), at::TensorOptions().dtype(at::kDouble));
    for (double& mean : numbers_of(host)) {
      mean = 0;
      for (std::size_t part = 0; part < parts_; ++part) mean += sums_[part * columns_ + column];
      mean /= count;
      ++column;
    }
    value.copy_(host);
  }
}

}  // namespace imgcls::train
