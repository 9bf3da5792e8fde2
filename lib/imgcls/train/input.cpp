#include <imgcls/train/input.h>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>

namespace imgcls::train {
namespace {

at::Tensor channel_values(const std::array<double, 3>& values, const std::string& device) {
  at::Tensor tensor = at::empty({1, 3, 1, 1}, at::TensorOptions().dtype(at::kFloat));
  for (int c = 0; c < 3; ++c) tensor.data_ptr<float>()[c] = static_cast<float>(values[c]);
  return tensor.to(at::Device(device));
}

/// A view of the loader's memory; PyTorch wants it writable, but nobody writes.
template <class T>
at::Tensor view(std::span<const T> values, at::IntArrayRef shape, at::ScalarType type) {
  return at::from_blob(const_cast<T*>(values.data()), shape, at::TensorOptions().dtype(type));
}

// N x H x W x 3 seen as N x 3 x H x W is channels last already.
at::Tensor normalise_bytes(const at::Tensor& bytes, const at::Tensor& mean, const at::Tensor& std) {
  return bytes.permute({0, 3, 1, 2}).to(at::kFloat).div_(255).sub_(mean).div_(std);
}

}  // namespace

at::Tensor normalise(std::span<const std::uint8_t> images, int side,
                     const Normalisation& normalisation) {
  const at::NoGradGuard no_grad;
  const std::int64_t bytes_of_one = std::int64_t{side} * side * 3;
  const auto n = static_cast<std::int64_t>(images.size()) / bytes_of_one;
  const at::Tensor bytes = view(images, {n, side, side, 3}, at::kByte);
  return normalise_bytes(bytes, channel_values(normalisation.mean, "cpu"),
                         channel_values(normalisation.std, "cpu"));
}

InputStage::InputStage(const Normalisation& normalisation, const std::string& device,
                       bool channels_last)
    : mean_(channel_values(normalisation.mean, device)),
      std_(channel_values(normalisation.std, device)),
      device_(device),
      channels_last_(channels_last) {}

DeviceBatch InputStage::operator()(const data::Batch& batch) const {
  const at::NoGradGuard no_grad;
  const auto n = static_cast<std::int64_t>(batch.size);
  const at::Tensor bytes = view(std::span(batch.images), {n, batch.side, batch.side, 3}, at::kByte);
  const at::Tensor labels = view(std::span(batch.labels), {n}, at::kLong);
  const at::Device device(device_);
  at::Tensor images = normalise_bytes(bytes.to(device), mean_, std_);
  if (!channels_last_) images = images.contiguous();
  return {images, labels.to(device, at::kLong, /*non_blocking=*/false, /*copy=*/true)};
}

}  // namespace imgcls::train
