#pragma once
// What the two formats of .pth have in common. Internal to imgcls::weights.

#include <imgcls/core/byte_source.h>
#include <imgcls/weights/listing.h>
#include <imgcls/weights/state_dict.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string_view>

namespace imgcls::weights {

/// A longer pickle is refused: its values take up to 72 times as much memory.
inline constexpr std::uint64_t kMaxPickle = std::uint64_t{16} << 20;

/// Throws WeightsError: the file is no usable .pth.
[[noreturn]] void refuse_pth(const ByteSource& file, std::string_view why);

/// The tensors of `state`, checked, with the storages that they use, which are where `find` says.
Listing place(const StateDict& state, const ByteSource& file,
              const std::function<Place(const PickledStorage&)>& find);

/// How the format of before PyTorch 1.6 begins: with the pickle of its magic number.
std::span<const std::byte> legacy_magic();

/// Reads that format, like parse_pth.
Listing parse_legacy_pth(const ByteSource& file);

}  // namespace imgcls::weights
