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

/// Throws WeightsError: the file is not a usable .pth.
[[noreturn]] void refuse_pth(const ByteSource& file, std::string_view why);

/// The tensors of `state`, checked each and in all, with the storages that they use, which are
/// where `find` says.
Listing place(const StateDict& state, const ByteSource& file,
              const std::function<Place(const PickledStorage&)>& find);

/// The format of before PyTorch 1.6 begins with the pickle of its magic number: how many bytes that
/// has, 0 where the file begins otherwise.
std::uint64_t legacy_magic_size(const ByteSource& file);

/// Reads that format, like parse_pth.
Listing parse_legacy_pth(const ByteSource& file, std::string_view key);

}  // namespace imgcls::weights
