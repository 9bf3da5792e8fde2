#pragma once
// Bytes that are read in pieces: a file that need not fit into memory, or what is in memory
// already. Parsers of untrusted formats read from one, so that they can be fuzzed without files.

#include <imgcls/core/input_file.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace imgcls {

/// A known number of bytes, which are read at any place.
class ByteSource {
 public:
  virtual ~ByteSource() = default;

  /// What messages call it.
  const std::string& name() const { return name_; }
  std::uint64_t size() const { return size_; }  ///< in bytes
  /// Reads `out.size()` bytes from `offset` on; all of them must lie inside. Throws IoError.
  virtual void read(std::uint64_t offset, std::span<std::byte> out) const = 0;

  /// The `size` bytes from `offset` on, which must lie inside.
  std::vector<std::byte> bytes(std::uint64_t offset, std::uint64_t size) const;

 protected:
  /// For those that implement `read`.
  ByteSource(std::string name, std::uint64_t size) : name_(std::move(name)), size_(size) {}

 private:
  std::string name_;
  std::uint64_t size_;
};

/// Bytes in memory, which must outlive it.
class MemorySource final : public ByteSource {
 public:
  /// `bytes` is kept by reference; `name` is what messages call it.
  MemorySource(std::span<const std::byte> bytes, std::string_view name)
      : ByteSource(std::string(name), bytes.size()), bytes_(bytes) {}
  void read(std::uint64_t offset, std::span<std::byte> out) const override;

 private:
  std::span<const std::byte> bytes_;
};

/// A file. Throws IoError where it cannot be opened.
class FileSource final : public ByteSource {
 public:
  /// Messages call it by its path.
  explicit FileSource(const std::filesystem::path& path) : FileSource(InputFile(path)) {}
  void read(std::uint64_t offset, std::span<std::byte> out) const override {
    file_.read(offset, out);
  }

 private:
  explicit FileSource(InputFile file)
      : ByteSource(file.path().string(), file.bytes()), file_(std::move(file)) {}

  InputFile file_;
};

/// Takes the bytes from `begin` to `end` of a source one after the other.
class ByteCursor {
 public:
  /// `begin` <= `end` <= the source's size; the source must outlive the cursor.
  ByteCursor(const ByteSource& source, std::uint64_t begin, std::uint64_t end)
      : source_(source), position_(begin), end_(end), window_begin_(begin) {}

  std::uint64_t position() const { return position_; }          ///< of the next byte, in the source
  std::uint64_t remaining() const { return end_ - position_; }  ///< bytes up to the end
  /// The next `count` bytes, of which there must be that many; valid until the next call.
  std::span<const std::byte> take(std::size_t count);
  /// Passes over the next `count` bytes, of which there must be that many, without reading them.
  void skip(std::uint64_t count) { position_ += count; }

 private:
  const ByteSource& source_;
  std::uint64_t position_, end_;
  std::vector<std::byte> window_;  // what was read ahead
  std::uint64_t window_begin_;
};

}  // namespace imgcls
