#pragma once
// A baseline JPEG's scan: its MCUs one after the other, decoded to coefficients or passed over.
// Internal to imgcls::data.

#include <imgcls/image/jpeg/entropy.h>
#include <imgcls/image/jpeg/frame.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace imgcls::data {

/// From a coefficient's number in the file (zigzag order) to its place in the block.
inline constexpr std::array<std::uint8_t, 64> kNaturalOrder = {
    0,  1,  8,  16, 9,  2,  3,  10, 17, 24, 32, 25, 18, 11, 4,  5,  12, 19, 26, 33, 40, 48,
    41, 34, 27, 20, 13, 6,  7,  14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23,
    30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63};

/// All that a scan needs to go on from an MCU.
struct ScanState {
  BitPosition position;                      ///< of the next bit
  std::array<std::int16_t, 3> predictors{};  ///< of each component's DC coefficient
};

/// What becomes of one of an MCU's blocks.
struct ScanBlock {
  std::int16_t* coefficients = nullptr;  ///< 64 zeros, filled in natural order; null: passed over
  bool flat = false;                     ///< there is no coefficient but DC's
};

/// The MCUs of a scan, one after the other. Functions return false where the data are not what a
/// baseline JPEG's may be, or end.
class JpegScan {
 public:
  /// Blocks in the largest MCU: four of luma, and two.
  static constexpr std::size_t kMaxBlocks = 6;

  /// At the scan's first MCU. `file` and `frame` are kept by reference.
  bool open(std::span<const std::byte> file, const JpegFrame& frame);
  /// At MCU number `mcu`, where `state` was taken.
  void go_to(int mcu, const ScanState& state);
  /// Before the next MCU.
  ScanState state() const;
  int next_mcu() const { return next_mcu_; }  ///< number of the next MCU

  /// Blocks of an MCU: luma row by row, then Cb and Cr.
  std::size_t blocks() const { return block_count_; }

  /// Decodes the next MCU into `blocks()` blocks.
  bool decode(std::span<ScanBlock> blocks);
  /// Passes over `count` MCUs.
  bool pass(int count);

 private:
  bool restart();
  bool pass_between_restarts(int count);

  std::span<const std::byte> file_;
  const JpegFrame* frame_ = nullptr;
  std::array<HuffmanTable, 4> dc_tables_, ac_tables_;
  struct BlockTables {
    const HuffmanTable* dc = nullptr;
    const HuffmanTable* ac = nullptr;
    std::size_t component = 0;
  };
  std::array<BlockTables, kMaxBlocks> tables_{};
  std::size_t block_count_ = 0;
  BitReader reader_;
  std::array<int, 3> predictors_{};
  int next_mcu_ = 0;
};

}  // namespace imgcls::data
