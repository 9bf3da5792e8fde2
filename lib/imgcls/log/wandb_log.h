#pragma once
// The framing of Weights & Biases' .wandb files: LevelDB's log format (blocks of 32 KiB; a record
// is cut where a block ends) behind a head of its own, with zlib's CRC-32, as the client's
// core/pkg/leveldb has it.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace imgcls::report {

/// A file's first bytes: mark, magic number, version 0.
inline constexpr std::string_view kWandbHead{":W&B\xE1\xBE\0", 7};

/// What adds `record` to a file of `offset` bytes, the head among them.
std::string wandb_frames(std::string_view record, std::uint64_t offset);

/// Takes a file's records one after the other.
class WandbRecords {
 public:
  /// `file` is the whole file; it must outlive this.
  explicit WandbRecords(std::string_view file);

  /// The next record. Nothing at the end, and where one is not whole or its checksum is wrong: what
  /// a killed process leaves.
  std::optional<std::string> next();

  /// Bytes up to the end of the last record that `next` gave; 0 where the head is not whole.
  std::uint64_t end() const { return end_; }

 private:
  std::string_view file_;
  std::uint64_t end_ = 0;
};

}  // namespace imgcls::report
