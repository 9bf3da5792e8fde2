#include <imgcls/kernels/panels.h>
#include <imgcls/kernels/threads.h>
#include <imgcls/kernels/winograd.h>
#include <imgcls/kernels/winograd_tiles.h>

#include <algorithm>
#include <cstdint>
#include <vector>

namespace imgcls::kernels {
namespace {

/// Tiles that a thread works on at once, so that what they become fits its cache, and that all
/// threads have equally many chunks of about as many tiles.
std::int64_t chunk_of(std::int64_t channels, std::int64_t tiles) {
  const std::int64_t most = channels <= 64 ? 24 : channels <= 128 ? 48 : 72;
  const std::int64_t share = parts_of(tiles, thread_count());
  return parts_of(share, parts_of(share, most));
}

// So many times as many output channels as tiles are worth a pass over the tiles for each block of
// them. With four times, other programs' use of the cache costs more than it gains.
constexpr std::int64_t kFewTiles = 6;

/// Weights as a convolution's products take them, a block of 16 output channels at a time; `from`
/// input channels.
class BlockWeights {
 public:
  using Transform = void (*)(const float*, std::size_t, std::size_t, std::size_t, float*);

  BlockWeights(Transform transform, const ConvolutionShape& shape, std::int64_t from,
               const float* weights)
      : transform_(transform), shape_(shape), from_(from), weights_(weights) {}

  /// Floats of a block: [36][panels(from) * 16][16].
  std::int64_t size() const { return std::int64_t{kPositions} * kWidth * kWidth * panels(from_); }

  void make(std::int64_t block, float* out) const {
    transform_(weights_, static_cast<std::size_t>(shape_.outputs),
               static_cast<std::size_t>(shape_.inputs), static_cast<std::size_t>(block), out);
  }

 private:
  Transform transform_;
  ConvolutionShape shape_;
  std::int64_t from_;
  const float* weights_;
};

/// A convolution by tiles: their transforms, 36 products, and the way back.
class TileConvolver {
 public:
  TileConvolver(const ConvolutionKernels& kernels, std::int64_t images,
                const Images<const float>& in, const Images<float>& out,
                const BlockWeights& weights, const float* bias, std::int64_t padding)
      : kernels_(kernels),
        tiles_(images, out.height, out.width),
        in_(in),
        out_(out),
        weights_(weights),
        bias_(bias),
        padding_(static_cast<int>(padding)) {}

  void run() const {
    if (kFewTiles * tiles_.count() < out_.channels) {
      by_blocks();
    } else {
      by_tiles();
    }
  }

 private:
  // Floats that so many tiles become at a position, at all, and of their products with a block of
  // weights.
  std::int64_t position(std::int64_t tiles) const { return apart(tiles * panels(in_.channels)); }
  std::int64_t values(std::int64_t tiles) const {
    return std::int64_t{kPositions} * position(tiles);
  }
  static std::int64_t products(std::int64_t tiles) {
    return std::int64_t{kPositions} * apart(tiles);
  }

  // Each thread has some of the tiles, and all have the weights.
  void by_tiles() const {
    const std::int64_t blocks = panels(out_.channels);
    const Floats weights(weights_.size() * blocks);
    in_parallel(0, blocks, 1, [&](std::int64_t begin, std::int64_t end, int) {
      for (std::int64_t i = begin; i < end; ++i) {
        weights_.make(i, weights.data() + i * weights_.size());
      }
    });
    const std::int64_t chunk = chunk_of(in_.channels, tiles_.count());
    const std::int64_t each = values(chunk) + products(chunk);
    const Floats scratch(each * thread_count());
    in_parallel(0, parts_of(tiles_.count(), chunk), 1,
                [&](std::int64_t begin, std::int64_t end, int thread) {
                  float* const own = scratch.data() + each * thread;
                  for (std::int64_t i = begin; i < end; ++i) {
                    const Range tiles{i * chunk, std::min(tiles_.count(), (i + 1) * chunk)};
                    transform(tiles, tiles, own);
                    for (std::int64_t block = 0; block < blocks; ++block) {
                      multiply(tiles, own, block, weights.data() + block * weights_.size(),
                               own + values(chunk));
                    }
                  }
                });
  }

  // Where the weights are more than the tiles: each thread has some of the weights, which so need
  // not all be kept, and all have the tiles.
  void by_blocks() const {
    const Range all{0, tiles_.count()};
    const Floats tiles(values(all.count()));
    in_parallel(0, all.count(), 1, [&](std::int64_t begin, std::int64_t end, int) {
      transform({begin, end}, all, tiles.data());
    });
    const std::int64_t each = weights_.size() + products(all.count());
    const Floats scratch(each * thread_count());
    in_parallel(0, panels(out_.channels), 1, [&](std::int64_t begin, std::int64_t end, int thread) {
      float* const own = scratch.data() + each * thread;
      for (std::int64_t block = begin; block < end; ++block) {
        weights_.make(block, own);
        multiply(all, tiles.data(), block, own, own + weights_.size());
      }
    });
  }

  // Into `values`, which holds those of the tiles `all`.
  void transform(Range tiles, Range all, float* values) const {
    const auto block_stride = static_cast<std::size_t>(all.count()) * kPanel;
    const auto position_stride = static_cast<std::size_t>(position(all.count()));
    for (std::int64_t tile = tiles.begin; tile < tiles.end; ++tile) {
      const Tiles::Place place = tiles_.at(tile);
      kernels_.transform_input(
          in_.view(place.image), place.y - padding_, place.x - padding_,
          {values + (tile - all.begin) * kWidth, position_stride, block_stride});
    }
  }

  // A block of output channels.
  void multiply(Range tiles, const float* values, std::int64_t block, const float* weights,
                float* products) const {
    const auto count = static_cast<std::size_t>(tiles.count());
    const auto blocks = static_cast<std::size_t>(panels(in_.channels));
    const auto position_stride = static_cast<std::size_t>(position(tiles.count()));
    const auto product_stride = static_cast<std::size_t>(apart(tiles.count()));
    for (std::size_t p = 0; p < kPositions; ++p) {
      kernels_.multiply(values + p * position_stride, count, count * kPanel, blocks,
                        weights + p * blocks * kPanel * kPanel, products + p * product_stride);
    }
    const float* bias = bias_ == nullptr ? nullptr : bias_ + block * kWidth;
    for (std::int64_t tile = tiles.begin; tile < tiles.end; ++tile, products += kPanel) {
      const Tiles::Place place = tiles_.at(tile);
      kernels_.transform_output(products, product_stride, bias, out_.image(place.image),
                                static_cast<int>(out_.height), static_cast<int>(out_.width),
                                static_cast<std::size_t>(out_.channels), place.y, place.x,
                                static_cast<std::size_t>(block) * kPanel);
    }
  }

  const ConvolutionKernels& kernels_;
  Tiles tiles_;
  Images<const float> in_;
  Images<float> out_;
  BlockWeights weights_;
  const float* bias_;
  int padding_;
};

}  // namespace

void winograd_forward(const ConvolutionKernels& kernels, const ConvolutionShape& shape,
                      const float* input, const float* weights, const float* bias, float* output) {
  std::vector<float> whole_bias;  // with a value for every channel of the last block
  if (bias != nullptr) {
    whole_bias.assign(bias, bias + shape.outputs);
    whole_bias.resize(static_cast<std::size_t>(panels(shape.outputs)) * kPanel);
  }
  const TileConvolver convolver(kernels, shape.images,
                                {input, shape.height, shape.width, shape.inputs},
                                {output, shape.out_height(), shape.out_width(), shape.outputs},
                                {kernels.transform_weights, shape, shape.inputs, weights},
                                bias == nullptr ? nullptr : whole_bias.data(), shape.padding);
  convolver.run();
}

void winograd_input_gradient(const ConvolutionKernels& kernels, const ConvolutionShape& shape,
                             const float* gradient, const float* weights, float* output) {
  const TileConvolver convolver(kernels, shape.images,
                                {gradient, shape.out_height(), shape.out_width(), shape.outputs},
                                {output, shape.height, shape.width, shape.inputs},
                                {kernels.transform_turned_weights, shape, shape.outputs, weights},
                                /*bias=*/nullptr, shape.kernel - 1 - shape.padding);
  convolver.run();
}

}  // namespace imgcls::kernels
