#pragma once
// Files that a program has packed, known by their first bytes or by their names; prepare/unpack.h
// unpacks them. Internal to imgcls::data.

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

namespace imgcls::data {

/// How many of a file's first bytes `packer_of` wants to see.
inline constexpr std::size_t kLongestSignature = 6;

/// How frames begin that zstd's readers pass over, after a byte from 0x50 to 0x5f.
inline constexpr std::string_view kSkippableFrame = "\x2a\x4d\x18";

/// What a file with these first bytes is packed by: "gzip", "bzip2", "xz", "zstd", "lz4", "lzip",
/// "compress", "lzop", "7-Zip", "RAR" or "zip"; empty where it is by none of them.
std::string_view packer_of(std::span<const std::byte> begin);

/// The same for a file; also "lzma" and "brotli", which its name alone tells. Throws IoError.
std::string_view packer_of(const std::filesystem::path& path);

/// Whether `unpack` can do it: not for lzop, 7-Zip, RAR, zip and brotli.
bool is_unpacked_here(std::string_view packer);

/// The name that a packed tar file has when it is unpacked ("a.tar" of "a.tar.gz", "A.tgz" and so
/// on, in upper or lower case); empty where the name is none of a packed tar file.
std::string unpacked_name(std::string_view name);

}  // namespace imgcls::data
