#pragma once
// Tar files: where their members lie, and how they are written. A member is read by its place, with
// one pread; nothing is ever extracted.
//
// Read are the formats of ustar, GNU tar (long names, sizes in base 256) and pax (path, size).

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace imgcls::data {

/// Tar files are made of blocks of this many bytes.
inline constexpr std::size_t kTarBlock = 512;

/// A regular file in a tar file, or a link, which stands for one that may lie elsewhere.
struct TarMember {
  std::string name;          ///< its path in the archive
  std::uint64_t offset = 0;  ///< of its bytes
  std::uint64_t bytes = 0;   ///< its size
  bool is_link = false;      ///< hard or symbolic; has no bytes
};

/// Reads bytes of a tar file from an offset on. Asked for ranges inside the file only.
using ReadAt = std::function<void(std::uint64_t offset, std::span<std::byte> out)>;

/// The regular files and links of the tar file `name`, `bytes` long, in its order. Folders,
/// devices, FIFOs, volume labels and kinds that no standard knows are passed over, as Python's
/// tarfile does. A leading "./" is dropped from names. Throws DataError naming the tar file, the
/// member and the place: a wrong checksum, a size that is negative or reaches past the end, no end
/// mark (a file cut off), a file whose name is absolute or leads upwards or is longer than 4096
/// bytes, a sparse file, a part of a file that goes on in another archive; and what is packed by
/// gzip or another program, whatever its name.
std::vector<TarMember> list_tar(const ReadAt& read, std::uint64_t bytes, std::string_view name);

/// The header of a regular file in ustar format: the same bytes for the same arguments (mode 0644,
/// owner 0, time 2000-01-01). Throws DataError where the name does not fit (255 bytes, which must
/// have a slash in the right place where it has more than 100) or the size (8 GiB).
std::array<std::byte, kTarBlock> ustar_header(std::string_view name, std::uint64_t bytes);

/// Whether a name fits.
bool fits_ustar(std::string_view name);

/// `bytes` rounded up to whole blocks.
constexpr std::uint64_t tar_padded(std::uint64_t bytes) {
  return (bytes + kTarBlock - 1) / kTarBlock * kTarBlock;
}

}  // namespace imgcls::data
