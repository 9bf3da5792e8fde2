#pragma once
// Tensors and their storages as pickles describe them. Internal to imgcls::weights.

#include <imgcls/core/pickle.h>
#include <imgcls/weights/listing.h>
#include <imgcls/weights/state_dict.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace imgcls::weights {

/// The name of what a value that is a call would call; empty for other values, and where it is no
/// name.
std::string_view called(const Pickle& pickle, std::uint32_t number);
/// The arguments of such a call.
std::span<const std::uint32_t> arguments(const Pickle& pickle, std::uint32_t call);

/// Throws WeightsError: `source` holds no usable state dict.
[[noreturn]] void refuse_state_dict(std::string_view source, std::string_view why);

class PickledTensors {
 public:
  /// Knows all storages in `pickle` that are described as PyTorch does.
  PickledTensors(const Pickle& pickle, std::string_view source);

  const std::vector<PickledStorage>& storages() const { return storages_; }
  bool is_tensor(std::uint32_t number) const;
  /// The tensor that a value is, in `storages`. Throws WeightsError with its name where it or its
  /// storage is not described as PyTorch does.
  StoredTensor read(const std::string& name, std::uint32_t number);

 private:
  /// A storage, or a part of it that a view of before PyTorch 1.6 is.
  struct View {
    std::size_t storage;
    std::uint64_t offset, size;  // in bytes
    const DTypeInfo* type;       // null: untyped
  };

  /// What makes a tensor, and of what.
  struct Made {
    std::string_view function;
    std::span<const std::uint32_t> given;
  };

  [[noreturn]] void fail_tensor(std::string_view name) const;
  std::optional<std::uint64_t> natural(std::uint32_t number) const;
  std::optional<Made> made(std::uint32_t number) const;
  /// Bytes of so many values.
  std::optional<std::uint64_t> bytes_of(std::uint32_t count, std::size_t width) const;
  /// ("storage", class, key, device, values), before PyTorch 1.6 with a view or None at the end.
  /// Says what is wrong with it; empty: nothing.
  std::string add_storage(std::uint32_t number);
  /// A view's description is None, or (key, first value, values). False: it is none of these.
  bool restrict(View& view, std::uint32_t number, std::size_t width) const;
  /// Throws WeightsError with the tensor's name where the value is no storage.
  const View& view_of(const std::string& name, std::uint32_t number);
  std::optional<std::vector<std::int64_t>> sizes(std::uint32_t number) const;
  /// A tensor's type: that of its storage, or, of an untyped one, the seventh argument.
  const DTypeInfo* type_of(const View& view, const Made& made) const;
  /// The offset, in values, in the storage instead of in its view.
  std::uint64_t view_offset(const std::string& name, const View& view, std::size_t width,
                            std::uint64_t offset) const;

  const Pickle& pickle_;
  std::string_view source_;
  std::vector<PickledStorage> storages_;
  std::unordered_map<std::string, std::size_t> storage_numbers_;  // by key
  std::unordered_map<std::uint32_t, View> views_;                 // by the value's number
};

}  // namespace imgcls::weights
