#include <imgcls/core/error.h>
#include <imgcls/weights/listing.h>

#include <fmt/format.h>

#include <algorithm>

namespace imgcls::weights {
namespace {

/// How many values of the storage lie between the tensor's first and its last, both included.
std::uint64_t reach(const StoredTensor& tensor) {
  std::uint64_t last = 0;
  for (std::size_t i = 0; i < tensor.shape.size(); ++i) {
    if (tensor.shape[i] == 0) return 0;
    last += static_cast<std::uint64_t>(tensor.shape[i] - 1) *
            static_cast<std::uint64_t>(tensor.strides[i]);
  }
  return last + 1;
}

/// Whether `bytes` fits into 63 bits, also as if empty sides were 1.
bool is_possible_shape(const StoredTensor& tensor) {
  auto bytes = static_cast<std::int64_t>(info(tensor.type).bytes);
  return std::ranges::all_of(tensor.shape, [&](std::int64_t side) {
    return side >= 0 && !__builtin_mul_overflow(bytes, std::max<std::int64_t>(side, 1), &bytes);
  });
}

/// Whether `reach` in bytes fits into 63 bits.
bool are_possible_strides(const StoredTensor& tensor) {
  if (tensor.shape.size() != tensor.strides.size()) return false;
  std::int64_t last = 1, bytes = 0;
  for (std::size_t i = 0; i < tensor.shape.size(); ++i) {
    std::int64_t steps = 0;
    if (tensor.strides[i] < 0 ||
        __builtin_mul_overflow(std::max<std::int64_t>(tensor.shape[i], 1) - 1, tensor.strides[i],
                               &steps) ||
        __builtin_add_overflow(last, steps, &last)) {
      return false;
    }
  }
  return !__builtin_mul_overflow(last, static_cast<std::int64_t>(info(tensor.type).bytes), &bytes);
}

[[noreturn]] void refuse(const StoredTensor& tensor, std::string_view source,
                         std::string_view why) {
  throw WeightsError(fmt::format("{} is not usable: \"{}\" {}", source, tensor.name, why));
}

}  // namespace

std::uint64_t StoredTensor::count() const {
  std::uint64_t count = 1;
  for (const std::int64_t side : shape) count *= static_cast<std::uint64_t>(side);
  return count;
}

bool StoredTensor::is_contiguous() const {
  std::int64_t next = 1;
  for (std::size_t i = shape.size(); i-- > 0;) {
    if (shape[i] == 0) return true;
    if (shape[i] != 1 && strides[i] != next) return false;
    next *= shape[i];
  }
  return true;
}

Place Listing::place(const StoredTensor& tensor) const {
  const std::uint64_t width = info(tensor.type).bytes;
  return {storages.at(tensor.storage).offset + tensor.offset * width, reach(tensor) * width};
}

std::vector<std::int64_t> contiguous_strides(const std::vector<std::int64_t>& shape) {
  std::vector<std::int64_t> strides(shape.size());
  std::int64_t next = 1;
  for (std::size_t i = shape.size(); i-- > 0;) {
    strides[i] = next;
    next *= std::max<std::int64_t>(shape[i], 1);
  }
  return strides;
}

void check_shape(const StoredTensor& tensor, std::string_view source) {
  if (tensor.shape.size() > kMaxDimensions) {
    refuse(tensor, source,
           fmt::format("has {} dimensions; at most {} are possible", tensor.shape.size(),
                       kMaxDimensions));
  }
  if (!is_possible_shape(tensor)) refuse(tensor, source, "has an impossible shape");
}

void check(const Listing& listing, const StoredTensor& tensor, std::string_view source,
           std::uint64_t file_size) {
  check_shape(tensor, source);
  if (!are_possible_strides(tensor)) refuse(tensor, source, "has impossible strides");
  const std::uint64_t storage = listing.storages.at(tensor.storage).size;
  const std::uint64_t values = storage / info(tensor.type).bytes;
  if (tensor.offset > values || reach(tensor) > values - tensor.offset) {
    refuse(tensor, source, fmt::format("reaches out of its storage of {} bytes", storage));
  }
  if (tensor.bytes() > file_size) {
    refuse(tensor, source, fmt::format("has {} bytes, more than the file", tensor.bytes()));
  }
}

}  // namespace imgcls::weights
