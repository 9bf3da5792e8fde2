#pragma once
// Files that a program has packed: known by their first bytes or by their names, and unpacked.
// Internal to imgcls::data.

#include <array>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <string_view>

namespace imgcls::data {

/// How many of a file's first bytes `packer_of` wants to see.
inline constexpr std::size_t kLongestSignature = 6;

/// What a file with these first bytes is packed by: "gzip", "bzip2", "xz", "zstd", "lz4" or "zip";
/// empty where it is by none of them.
std::string_view packer_of(std::span<const std::byte> begin);

/// The name that a packed tar file has when it is unpacked ("a.tar" of "a.tar.gz", "A.tgz" and so
/// on, in upper or lower case); empty where the name is none of a packed tar file.
std::string unpacked_name(std::string_view name);

/// Unpacks the file `from` (all programs above but zip) into `to`, which has its name when it is
/// whole and on the disk. `go_on` is asked after each piece, with the bytes of `from` that were
/// read; when it says no, nothing is left. False then. Throws IoError, and DataError naming `from`
/// where it is cut off or damaged.
bool unpack(const std::filesystem::path& from, const std::filesystem::path& to,
            const std::function<bool(std::uint64_t)>& go_on);

}  // namespace imgcls::data
