#pragma once
// The inner loops of convolutions over float32 images in channels_last, for one thread each. One
// set for each kind of vector unit, from one text, with the same bits. Internal to
// imgcls::kernels.
//
//   eight.h                         eight floats side by side
//   winograd_transforms.h           tiles to their 36 products' operands and back
//   product_loops.h                 sums of products
//   convolution_kernels_avx2.cpp    compiled for AVX2 with fused multiply-add
//   convolution_kernels.cpp         compiled for any processor
//
// Channels come in blocks of 16, "panels": [block][place][16]. Where channels are 8 more than a
// multiple of 16, the last block ends in zeros. This header is read by files that are compiled for
// a newer processor than the rest: it defines no inline function.

#include <cstddef>

namespace imgcls::kernels {

constexpr std::size_t kPanel = 16;      ///< channels of a block
constexpr int kTile = 4;                ///< outputs a side that a Winograd tile makes
constexpr int kPatch = 6;               ///< inputs a side that it takes
constexpr std::size_t kPositions = 36;  ///< products of a tile, for each pair of channels
constexpr std::size_t kSpin = 12 * 8;   ///< multiply-adds of a round of `spin`

/// Of an image: height x width x channels.
struct ImageView {
  const float* pixels;
  int height, width;
  std::size_t channels;
};

/// Where a tile's transformed values go: position p of channel c lies at
/// p * position_stride + c / 16 * block_stride + c % 16.
struct TilePlace {
  float* out;
  std::size_t position_stride, block_stride;
};

struct ConvolutionKernels {
  /// B^T d B of the patch whose upper left pixel is (y, x); what lies outside counts as 0.
  void (*transform_input)(const ImageView& image, int y, int x, const TilePlace& place);
  /// A d A^T of the 4 x 4 pixels from (y, x); what lies outside counts as 0.
  void (*transform_gradient)(const ImageView& image, int y, int x, const TilePlace& place);
  /// G g G^T of 3 x 3 weights, output channels x 3 x 3 x input channels, for one block of output
  /// channels, into [36][input][16].
  void (*transform_weights)(const float* weights, std::size_t outputs, std::size_t inputs,
                            std::size_t block, float* out);
  /// The same for the input's gradient: the weights turned by 180 degrees, and inputs and outputs
  /// exchanged, for one block of input channels, into [36][output][16].
  void (*transform_turned_weights)(const float* weights, std::size_t outputs, std::size_t inputs,
                                   std::size_t block, float* out);
  /// A^T m A of a tile's 16 channels, `m` [36] at `position_stride`, plus `bias` (16 values or
  /// null), into the image's pixels from (y, x) and channels from `channel` that there are.
  void (*transform_output)(const float* m, std::size_t position_stride, const float* bias,
                           float* image, int height, int width, std::size_t channels, int y, int x,
                           std::size_t channel);
  /// G^T m G of `count` pairs of channels, a multiple of 8: from `m` [36] at `position_stride` to
  /// `out`, 3 x 3 values at `tap_stride`.
  void (*transform_weight_gradient)(const float* m, std::size_t position_stride, std::size_t count,
                                    float* out, std::size_t tap_stride);
  /// out[row][16] = sum over all channels of values[block][row][16] and weights[channel][16], in
  /// the order of channels, which are blocks * 16.
  void (*multiply)(const float* values, std::size_t rows, std::size_t block_stride,
                   std::size_t blocks, const float* weights, float* out);
  /// out[k][c] (rows of `out_stride`) becomes, or is increased by, the sum over `places` of
  /// rows[k / 16][place][k % 16] columns[c / 16][place][c % 16], for k in [k_begin, k_end) and c in
  /// [0, columns_count), in the places' order. Blocks lie `panel_stride` apart.
  void (*add_products)(const float* rows, const float* columns, std::size_t panel_stride,
                       std::size_t places, std::size_t k_begin, std::size_t k_end,
                       std::size_t columns_count, bool increase, float* out,
                       std::size_t out_stride);
  /// Copies `channels` values, a multiple of 8, into blocks `block_stride` apart; zeros for null.
  void (*pack)(const float* values, std::size_t channels, float* out, std::size_t block_stride);
  /// kSpin multiply-adds a round that wait for no memory: what the processor can do at most.
  void (*spin)(std::size_t rounds, float* out);
};

extern const ConvolutionKernels kPortableKernels;
extern const ConvolutionKernels kAvx2Kernels;  ///< only where the library is built for x86

}  // namespace imgcls::kernels
