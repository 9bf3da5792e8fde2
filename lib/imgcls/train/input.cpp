#include <imgcls/train/device_copies.h>
#include <imgcls/train/input.h>
#include <imgcls/train/pinned_memory.h>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/add.h>
#include <ATen/ops/addcmul.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <fmt/format.h>

#include <stdexcept>

namespace imgcls::train {
namespace {

at::Tensor channel_values(const std::array<double, 3>& values, int channels,
                          const std::string& device) {
  at::Tensor tensor = at::empty({1, channels, 1, 1}, at::TensorOptions().dtype(at::kFloat));
  for (int c = 0; c < channels; ++c) tensor.data_ptr<float>()[c] = static_cast<float>(values[c]);
  return tensor.to(at::Device(device));
}

/// A view of the loader's memory; PyTorch wants it writable, but nobody writes.
template <class T>
at::Tensor view(std::span<const T> values, at::IntArrayRef shape, at::ScalarType type) {
  return at::from_blob(const_cast<T*>(values.data()), shape, at::TensorOptions().dtype(type));
}

// N x H x W x 3 to N x H x W x 1, with the rounding of Pillow's L24 macro.
at::Tensor luma(const at::Tensor& bytes) {
  const at::Tensor wide = bytes.to(at::kInt);
  return wide.select(3, 0)
      .mul(19595)
      .add_(wide.select(3, 1), 38470)
      .add_(wide.select(3, 2), 7471)
      .add_(0x8000)
      .bitwise_right_shift_(16)
      .to(at::kByte)
      .unsqueeze(3);
}

// N x H x W x 3 to N x H x W x 1: upper and lower bytes as numbers, which float holds exactly.
at::Tensor grey_16_bits(const at::Tensor& bytes) {
  const at::Tensor upper = bytes.select(3, 0).to(at::kFloat);
  return upper.mul(256).add_(bytes.select(3, 1)).unsqueeze(3);
}

at::Tensor shown_channels(const at::Tensor& pixels, std::int64_t channels, int bits) {
  if (bits == 16) return grey_16_bits(pixels);
  return channels == 1 ? luma(pixels) : pixels;
}

double white(int bits) {
  return bits == 16 ? 65535 : 255;
}

// N x H x W x 3 seen as N x 3 x H x W is channels last already.
at::Tensor normalize_values(const at::Tensor& values, int bits, const at::Tensor& mean,
                            const at::Tensor& std) {
  const at::Tensor images = values.permute({0, 3, 1, 2}).to(at::kFloat);
  return images.div_(white(bits)).sub_(mean).div_(std);
}

}  // namespace

at::Tensor normalize(std::span<const std::uint8_t> images, int side,
                     const Normalization& normalization) {
  const at::NoGradGuard no_grad;
  const std::int64_t bytes_of_one = std::int64_t{side} * side * 3;
  const auto n = static_cast<std::int64_t>(images.size()) / bytes_of_one;
  const at::Tensor bytes = view(images, {n, side, side, 3}, at::kByte);
  const int channels = normalization.channels;
  return normalize_values(shown_channels(bytes, channels, normalization.bits), normalization.bits,
                          channel_values(normalization.mean, channels, "cpu"),
                          channel_values(normalization.std, channels, "cpu"));
}

at::Tensor DeviceBatch::labels_of_images() const {
  return views == 1 ? labels : labels.repeat_interleave(views);
}

at::Tensor DeviceBatch::rows_of_images() const {
  return views == 1 || !rows.defined() ? rows : rows.repeat_interleave(views, 0);
}

InputStage::InputStage(const Normalization& normalization, const std::string& device,
                       bool channels_last)
    : mean_(channel_values(normalization.mean, normalization.channels, device)),
      std_(channel_values(normalization.std, normalization.channels, device)),
      scale_(std_.mul(white(normalization.bits)).reciprocal()),
      offset_(mean_.div(std_).neg()),
      device_(device),
      bits_(normalization.bits),
      channels_last_(channels_last) {
  if (!device_.is_cpu()) copies_ = std::make_shared<DeviceCopies>(device_);
}

InputStage::~InputStage() = default;

void InputStage::prepare(data::LoaderOptions& options) const {
  if (!copies_) return;
  options.memory = pinned_memory(device_.str());
  options.kept = 2;  // the batch that was handed out last, and the one whose copy may not be done
  options.before_start = [copies = copies_] { copies->finish(); };
}

DeviceBatch InputStage::operator()(const data::Batch& batch, at::ScalarType type) const {
  if (batch.bits != bits_) {
    throw std::invalid_argument(
        fmt::format("a batch of images of {} bits, to be normalized as of {}", batch.bits, bits_));
  }
  const at::NoGradGuard no_grad;
  const auto n = static_cast<std::int64_t>(batch.size);
  const at::Tensor bytes =
      view(std::span(batch.images), {n * batch.views, batch.side, batch.side, 3}, at::kByte);
  const at::Tensor labels = view(std::span(batch.labels), {n}, at::kLong);
  if (!copies_) return {normalized(bytes, type), labels.clone(), batch.views};

  const DeviceCopies::Arrived arrived = copies_->copy(bytes, labels);
  DeviceBatch made{normalized(arrived.images, type), arrived.labels.clone(), batch.views};
  copies_->release();
  batch.kept > 1 ? copies_->finish_earlier() : copies_->finish();
  return made;
}

at::Tensor InputStage::normalized(const at::Tensor& pixels, at::ScalarType type) const {
  const at::Tensor values = shown_channels(pixels, mean_.size(1), bits_);
  if (type == at::kFloat) {
    const at::Tensor images = normalize_values(values, bits_, mean_, std_);
    return channels_last_ ? images : images.contiguous();
  }
  const at::Tensor seen = values.permute({0, 3, 1, 2});
  at::Tensor images = at::empty(seen.sizes(), seen.options().dtype(type).memory_format(
                                                  channels_last_ ? at::MemoryFormat::ChannelsLast
                                                                 : at::MemoryFormat::Contiguous));
  return at::addcmul_out(images, offset_, seen, scale_);
}

}  // namespace imgcls::train
