#include <imgcls/kernels/panels.h>
#include <imgcls/kernels/threads.h>
#include <imgcls/kernels/winograd.h>
#include <imgcls/kernels/winograd_tiles.h>

#include <algorithm>
#include <cstdint>

namespace imgcls::kernels {
namespace {

constexpr std::int64_t kAll{kPositions};
// Tiles that are transformed at once: the products are sums of sums over so many.
constexpr std::int64_t kChunk = 144;

/// The weights' gradient: tiles of input and of output's gradient are transformed, their products
/// added up for each of 36 positions and pair of channels, and those sums transformed.
class TileGradient {
 public:
  TileGradient(const ConvolutionKernels& kernels, const ConvolutionShape& shape, const float* input,
               const float* gradient)
      : kernels_(kernels),
        inputs_(shape.inputs),
        outputs_(shape.outputs),
        padding_(static_cast<int>(shape.padding)),
        tiles_(shape.images, shape.out_height(), shape.out_width()),
        in_{input, shape.height, shape.width, shape.inputs},
        gradient_{gradient, shape.out_height(), shape.out_width(), shape.outputs},
        columns_(kAll * position(inputs_)),
        rows_(kAll * position(outputs_)) {}

  /// Into `out`, [output channel][3 x 3][input channel].
  void run(float* out) const {
    const Floats sums(kAll * outputs_ * inputs_);
    for (std::int64_t first = 0; first < tiles_.count(); first += kChunk) {
      add({first, std::min(tiles_.count(), first + kChunk)}, sums.data());
    }
    in_parallel(0, outputs_, 1, [&](std::int64_t begin, std::int64_t end, int) {
      for (std::int64_t k = begin; k < end; ++k) {
        finish(sums.data() + k * inputs_, out + k * 9 * inputs_);
      }
    });
  }

 private:
  // Floats of the tiles' values at a position.
  static std::int64_t position(std::int64_t channels) { return apart(panels(channels) * kChunk); }

  static TilePlace place_of(const Floats& values, std::int64_t channels, std::int64_t tile) {
    return {values.data() + tile * kWidth, static_cast<std::size_t>(position(channels)),
            std::size_t{kChunk * kWidth}};
  }

  void transform(Range tiles) const {
    in_parallel(tiles.begin, tiles.end, 1, [&](std::int64_t begin, std::int64_t end, int) {
      for (std::int64_t tile = begin; tile < end; ++tile) {
        const Tiles::Place place = tiles_.at(tile);
        kernels_.transform_input(in_.view(place.image), place.y - padding_, place.x - padding_,
                                 place_of(columns_, inputs_, tile - tiles.begin));
        kernels_.transform_gradient(gradient_.view(place.image), place.y, place.x,
                                    place_of(rows_, outputs_, tile - tiles.begin));
      }
    });
  }

  // A chunk of tiles to the sums, [36][output channel][input channel].
  void add(Range tiles, float* sums) const {
    transform(tiles);
    in_parallel(0, kAll, 1, [&](std::int64_t begin, std::int64_t end, int) {
      for (std::int64_t p = begin; p < end; ++p) {
        kernels_.add_products(rows_.data() + p * position(outputs_),
                              columns_.data() + p * position(inputs_), std::size_t{kChunk * kWidth},
                              static_cast<std::size_t>(tiles.count()), 0,
                              static_cast<std::size_t>(outputs_), static_cast<std::size_t>(inputs_),
                              /*increase=*/tiles.begin > 0, sums + p * outputs_ * inputs_,
                              static_cast<std::size_t>(inputs_));
      }
    });
  }

  // The gradient of an output channel's weights from its sums.
  void finish(const float* sums, float* out) const {
    const auto inputs = static_cast<std::size_t>(inputs_);
    kernels_.transform_weight_gradient(sums, static_cast<std::size_t>(outputs_ * inputs_), inputs,
                                       out, inputs);
  }

  const ConvolutionKernels& kernels_;
  std::int64_t inputs_, outputs_;
  int padding_;
  Tiles tiles_;
  Images<const float> in_, gradient_;
  Floats columns_, rows_;
};

}  // namespace

void winograd_weight_gradient(const ConvolutionKernels& kernels, const ConvolutionShape& shape,
                              const float* input, const float* gradient, float* output) {
  TileGradient(kernels, shape, input, gradient).run(output);
}

}  // namespace imgcls::kernels
