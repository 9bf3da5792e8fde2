#pragma once
// What a file of weights holds, whatever its format: tensors, each a view of a storage, and where
// the storages' bytes are in the file. Reading a listing reads no values.

#include <imgcls/weights/dtype.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace imgcls::weights {

/// More dimensions a tensor cannot have: PyTorch's loops take no more.
inline constexpr std::size_t kMaxDimensions = 64;

/// Bytes in a file.
struct Place {
  std::uint64_t offset = 0, size = 0;  ///< in bytes, from the file's start

  bool operator==(const Place&) const = default;
};

/// A tensor as PyTorch sees it: the value at index (i, j, ...) is value number
/// offset + i * strides[0] + j * strides[1] + ... of its storage.
struct StoredTensor {
  std::string name;             ///< as the file has it, or as it is without wrappers' parts
  DType type = DType::float32;  ///< of its values
  std::vector<std::int64_t> shape = {}, strides = {};  ///< of each dimension, strides in values
  std::size_t storage = 0;                             ///< number in Listing::storages
  std::uint64_t offset = 0;                            ///< in values

  /// Number of values, and the bytes that they take without gaps.
  std::uint64_t count() const;
  /// Count() times the size of a value.
  std::uint64_t bytes() const { return count() * info(type).bytes; }
  /// The values lie one behind the other, the last index running fastest.
  bool is_contiguous() const;

  bool operator==(const StoredTensor&) const = default;
};

/// The tensors of a file, or of a part of it.
struct Listing {
  std::vector<Place> storages;        ///< each once, however many tensors share it
  std::vector<StoredTensor> tensors;  ///< in the file's order
  /// Where in the file these tensors stand, as keys with dots between; empty: it holds nothing
  /// else.
  std::string key = {};
  /// Keys of other state dicts in it, the first of them.
  std::vector<std::string> others = {};

  /// Where in the file the tensor's values are, from the first to the last, with what is between.
  Place place(const StoredTensor& tensor) const;

  bool operator==(const Listing&) const = default;
};

/// Strides of a tensor of that shape whose values lie one behind the other.
std::vector<std::int64_t> contiguous_strides(const std::vector<std::int64_t>& shape);

/// Throws WeightsError, whose message begins with `source`, where a tensor has more than
/// kMaxDimensions, or a shape of which `count` and `bytes` cannot be computed.
void check_shape(const StoredTensor& tensor, std::string_view source);

/// The same, and where its strides and offset reach out of its storage, or where it has more values
/// than a file of `file_size` bytes can hold.
void check(const Listing& listing, const StoredTensor& tensor, std::string_view source,
           std::uint64_t file_size);

}  // namespace imgcls::weights
