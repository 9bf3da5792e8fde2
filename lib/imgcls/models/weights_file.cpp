#include <imgcls/models/dtypes.h>
#include <imgcls/models/weights_file.h>
#include <imgcls/weights/parse.h>
#include <imgcls/weights/wrappers.h>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <optional>

namespace imgcls::models {
namespace {

/// Memory with the bytes at a place of a file.
c10::Storage load(const ByteSource& file, const weights::Place& place) {
  const at::Tensor bytes = at::empty({static_cast<std::int64_t>(place.size)}, at::kByte);
  if (place.size > 0) {
    file.read(place.offset, {static_cast<std::byte*>(bytes.mutable_data_ptr()), place.size});
  }
  return bytes.storage();
}

at::Tensor view(const c10::Storage& storage, std::uint64_t offset,
                const weights::StoredTensor& tensor) {
  return at::empty({0}, scalar_type(tensor.type))
      .set_(storage, static_cast<std::int64_t>(offset), tensor.shape, tensor.strides);
}

}  // namespace

WeightsFile::WeightsFile(const std::filesystem::path& path, std::string_view key)
    : WeightsFile(path, [key](const ByteSource& file) {
        weights::Listing listing = weights::parse_weights(file, key);
        weights::take_off_wrappers(listing, file.name());
        return listing;
      }) {}

WeightsFile::WeightsFile(const std::filesystem::path& path, const Parse& parse)
    : source_(path), listing_(parse(source_)) {}

std::string WeightsFile::choice() const {
  if (listing_.others.empty()) return "";
  const std::string taken = listing_.key.empty() ? "what stands in no dict of its own is taken"
                                                 : fmt::format("{} is taken", listing_.key);
  return fmt::format("{}: {}; there {} also {} (--key, model.weights_key)", name(), taken,
                     listing_.others.size() == 1 ? "is" : "are", fmt::join(listing_.others, ", "));
}

std::vector<NamedTensor> WeightsFile::read() const {
  const at::NoGradGuard no_grad;
  std::vector<std::optional<c10::Storage>> storages(listing_.storages.size());
  std::vector<NamedTensor> tensors;
  for (const weights::StoredTensor& tensor : listing_.tensors) {
    auto& storage = storages[tensor.storage];
    if (!storage) storage = load(source_, listing_.storages[tensor.storage]);
    tensors.push_back({tensor.name, view(*storage, tensor.offset, tensor)});
  }
  return tensors;
}

at::Tensor WeightsFile::read(const weights::StoredTensor& tensor) const {
  const at::NoGradGuard no_grad;
  return view(load(source_, listing_.place(tensor)), 0, tensor);
}

void WeightsFile::read_into(const weights::StoredTensor& tensor, const at::Tensor& target) const {
  const at::NoGradGuard no_grad;
  const bool as_in_file = target.is_cpu() && target.is_contiguous() && tensor.is_contiguous() &&
                          target.scalar_type() == scalar_type(tensor.type);
  if (!as_in_file) {
    target.copy_(read(tensor));
  } else if (tensor.bytes() > 0) {
    source_.read(listing_.place(tensor).offset,
                 {static_cast<std::byte*>(target.mutable_data_ptr()), tensor.bytes()});
  }
}

}  // namespace imgcls::models
