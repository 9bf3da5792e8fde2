#pragma once
// A decoder for the JPEGs that most photographs are, of a part of the image: it decodes the blocks
// that the part needs, passes over the bits of the rest of their rows, and starts at a checkpoint
// where the data set's index has one (checkpoints.h). Its pixels are libjpeg-turbo's, bit for
// bit. Internal to imgcls::data; image/region_decoder.h chooses between this one and libjpeg-turbo.

#include <imgcls/image/jpeg/kernels.h>
#include <imgcls/image/jpeg/scan.h>
#include <imgcls/image/row_sink.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace imgcls::data {

/// Decodes one image after the other, and keeps its memory in between.
class BaselineDecoder {
 public:
  explicit BaselineDecoder(InstructionSet instruction_set = best_instruction_set())
      : kernels_(&jpeg_kernels(instruction_set)) {}

  /// Decodes `region` of `file`, whose headers are `frame`. `checkpoints` is what
  /// make_jpeg_checkpoints made of the same file, or empty. False where the data are broken or
  /// unusual: libjpeg-turbo is then to decode the file, and the rows that `sink` had are void.
  bool decode(std::span<const std::byte> file, const JpegFrame& frame, Rect region,
              std::span<const std::byte> checkpoints, RowSink& sink);

 private:
  /// Of blocks, MCUs or samples: [first, end).
  struct Span {
    int first = 0, end = 0;
    bool holds(int at) const { return at >= first && at < end; }
  };

  /// Samples of a component around the region: a ring of two rows of MCUs.
  struct Plane {
    Span across, down;  ///< blocks that are decoded
    int h = 1, v = 1;   ///< blocks in an MCU
    std::size_t stride = 0;
    int lines = 0;  ///< of the ring, a power of two
    std::vector<std::uint8_t> samples;

    /// Sample `x` of line `y`, counted from the image's corner.
    std::uint8_t* at(int x, int y) {
      return samples.data() + static_cast<std::size_t>(y & (lines - 1)) * stride + kRowSlack +
             (x - 8 * across.first);
    }
  };

  /// Blocks of a component that wait for being transformed, two at once: those of an MCU, and one
  /// left over from the MCU before.
  struct Waiting {
    static constexpr std::size_t kRoom = 6;
    alignas(32) std::array<std::int16_t, kRoom * kBlockSize> coefficients{};
    alignas(32) std::array<std::int16_t, kBlockSize> quantization{};
    std::array<std::uint8_t*, kRoom> out{};
    std::size_t count = 0;

    std::int16_t* block(std::size_t at) { return coefficients.data() + at * kBlockSize; }
  };

  void lay_planes();
  void lay(Plane& plane, Span x, Span y);
  Span needed_mcus(Span Plane::*blocks, int Plane::*in_mcu) const;
  bool decode_row(int row, Span columns);
  bool decode_mcu(int column, int row);
  bool place(std::size_t component, const ScanBlock& block, std::uint8_t* out);
  bool transform(std::size_t component, std::size_t count);
  void emit(int end);
  void make_row(int y, std::uint8_t* rgb);
  void repeat_edges(Plane& plane, int line) const;
  const std::uint8_t* chroma_row(std::size_t component, int y);

  std::array<Waiting, 3> waiting_;
  const JpegKernels* kernels_;
  const JpegFrame* frame_ = nullptr;
  Rect region_;
  RowSink* sink_ = nullptr;
  JpegScan scan_;
  std::array<Plane, 3> planes_;
  std::array<std::vector<std::uint8_t>, 3> upsampled_;  // by component
  std::vector<std::uint8_t> rgb_;
  int next_row_ = 0;  // of the image, to be emitted
};

}  // namespace imgcls::data
