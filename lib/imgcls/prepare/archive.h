#pragma once
// Tar archives read once from beginning to end, by libarchive. Nothing is unpacked to the disk
// here: members are handed out as bytes, and a member that could do harm is refused by its name.

#include <cstddef>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace imgcls::data {

/// The bytes of an archive's file, with their MD5 on the way.
class ArchiveFile {
 public:
  /// Throws IoError where the file cannot be opened, or is none.
  ArchiveFile(const std::filesystem::path& path, bool hashed);
  ~ArchiveFile();
  ArchiveFile(const ArchiveFile&) = delete;
  ArchiveFile& operator=(const ArchiveFile&) = delete;

  /// The next bytes, valid until the next call; none at the end. Throws IoError.
  std::span<const std::byte> next_block();
  /// Passes over up to `count` bytes without reading them, unless they are hashed; how many.
  std::uint64_t skip(std::uint64_t count);
  /// Reads what is left and gives the MD5 of all of the file. Call once, last.
  std::string md5();

  const std::filesystem::path& path() const { return path_; }  ///< as it was given
  std::uint64_t position() const;                              ///< bytes read or passed over
  std::uint64_t size() const;                                  ///< in bytes

 private:
  struct State;
  std::filesystem::path path_;
  std::unique_ptr<State> state_;
};

/// A member of an archive: a file.
struct ArchiveMember {
  std::string path;         ///< relative, without "." and ".." in it
  std::uint64_t bytes = 0;  ///< its size
};

/// The files in a tar, which may be packed by gzip. Folders are passed over. Throws DataError,
/// naming archive and member, where the archive is broken or truncated, and for each member that is
/// a link, a device or a FIFO, whose path is absolute, holds "..", a control character or more than
/// 1024 bytes, or that has more than 1 TiB.
class TarReader {
 public:
  /// The next bytes of the archive; none at its end.
  using NextBlock = std::function<std::span<const std::byte>()>;
  /// Passes over up to so many of them; how many it has.
  using Skip = std::function<std::uint64_t(std::uint64_t)>;

  /// Reads what `next_block` gives, whatever that throws; `skip` may be empty. Messages call the
  /// archive `name`.
  TarReader(std::string name, NextBlock next_block, Skip skip = {});
  /// Reads a file, which must outlive this.
  explicit TarReader(ArchiveFile& file);
  ~TarReader();
  TarReader(const TarReader&) = delete;
  TarReader& operator=(const TarReader&) = delete;

  /// Goes to the next file; false at the end.
  bool next();
  const ArchiveMember& member() const { return member_; }  ///< the one that `next` went to

  /// The member's bytes, all at once. Throws DataError where it has more than `limit`.
  std::vector<std::byte> read(std::uint64_t limit);
  /// The member's next bytes, valid until the next call; none at its end.
  std::span<const std::byte> next_block();

  /// Throws DataError about the current member.
  [[noreturn]] void refuse(std::string_view reason) const;

 private:
  struct Source;
  void check_member() const;
  [[noreturn]] void fail() const;

  std::string name_;
  std::unique_ptr<Source> source_;
  ArchiveMember member_;
  std::uint64_t given_ = 0;  // bytes of the member
};

}  // namespace imgcls::data
