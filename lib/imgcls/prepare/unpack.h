#pragma once
// Packed files (data/packed_files.h), unpacked by libarchive. Internal to imgcls::data.

#include <cstdint>
#include <filesystem>
#include <functional>

namespace imgcls::data {

/// Unpacks the file `from` (all programs above but zip) into `to`, which has its name when it is
/// whole and on the disk. `go_on` is asked after each piece, with the bytes of `from` that were
/// read; when it says no, nothing is left. False then. Throws IoError, and DataError naming `from`
/// where it is cut off or damaged.
bool unpack(const std::filesystem::path& from, const std::filesystem::path& to,
            const std::function<bool(std::uint64_t)>& go_on);

}  // namespace imgcls::data
