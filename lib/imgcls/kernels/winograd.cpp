#include <imgcls/kernels/panels.h>
#include <imgcls/kernels/threads.h>
#include <imgcls/kernels/winograd.h>

#include <algorithm>
#include <cstdint>
#include <vector>

namespace imgcls::kernels {
namespace {

/// The tiles of a batch of images, in the order of image, row, column.
struct Tiles {
  std::int64_t images, down, across;

  Tiles(std::int64_t images, std::int64_t height, std::int64_t width)
      : images(images), down((height + kTile - 1) / kTile), across((width + kTile - 1) / kTile) {}

  std::int64_t count() const { return images * down * across; }
  struct Place {
    std::int64_t image;
    int y, x;
  };
  /// The tile's image and its upper left output pixel.
  Place at(std::int64_t tile) const {
    const std::int64_t in_image = tile % (down * across);
    return {tile / (down * across), static_cast<int>(in_image / across) * kTile,
            static_cast<int>(in_image % across) * kTile};
  }
};

/// Images as a convolution reads or writes them.
template <class Float>
struct Images {
  Float* pixels;
  std::int64_t height, width, channels;

  Float* image(std::int64_t index) const { return pixels + index * height * width * channels; }
  ImageView view(std::int64_t index) const {
    return {image(index), static_cast<int>(height), static_cast<int>(width),
            static_cast<std::size_t>(channels)};
  }
};

/// Tiles that a thread works on at once, so that what they become fits its cache, and that all
/// threads have equally many chunks of about as many tiles.
std::int64_t chunk_of(std::int64_t channels, std::int64_t tiles) {
  const std::int64_t most = channels <= 64 ? 24 : channels <= 128 ? 48 : 72;
  const std::int64_t share = parts_of(tiles, thread_count());
  return parts_of(share, parts_of(share, most));
}

/// A chunk of tiles: their transforms, 36 products, and the way back.
class ChunkConvolver {
 public:
  ChunkConvolver(const ConvolutionKernels& kernels, const Images<const float>& in,
                 const Images<float>& out, const float* weights, const float* bias, int padding)
      : kernels_(kernels), in_(in), out_(out), weights_(weights), bias_(bias), padding_(padding) {}

  /// Floats that `run` works in, for chunks of so many tiles.
  std::int64_t scratch(std::int64_t tiles) const {
    return std::int64_t{kPositions} * tiles * std::int64_t{kPanel} * (panels(in_.channels) + 1);
  }

  void run(const Tiles& tiles, std::int64_t begin, std::int64_t end, float* scratch) const {
    const auto count = static_cast<std::size_t>(end - begin);
    const auto blocks = static_cast<std::size_t>(panels(in_.channels));
    const std::size_t block_stride = count * kPanel, position_stride = blocks * block_stride;
    for (std::int64_t tile = begin; tile < end; ++tile) {
      const Tiles::Place place = tiles.at(tile);
      const auto offset = static_cast<std::size_t>(tile - begin) * kPanel;
      kernels_.transform_input(in_.view(place.image), place.y - padding_, place.x - padding_,
                               {scratch + offset, position_stride, block_stride});
    }
    float* products = scratch + kPositions * position_stride;
    const std::size_t weight_block = blocks * kPanel * kPanel;
    const auto out_blocks = static_cast<std::size_t>(panels(out_.channels));
    for (std::size_t block = 0; block < out_blocks; ++block) {
      for (std::size_t p = 0; p < kPositions; ++p) {
        kernels_.multiply(scratch + p * position_stride, count, block_stride, blocks,
                          weights_ + (p * out_blocks + block) * weight_block,
                          products + p * block_stride);
      }
      finish(tiles, begin, end, block, products);
    }
  }

 private:
  void finish(const Tiles& tiles, std::int64_t begin, std::int64_t end, std::size_t block,
              const float* products) const {
    const auto position_stride = static_cast<std::size_t>(end - begin) * kPanel;
    const float* bias = bias_ == nullptr ? nullptr : bias_ + block * kPanel;
    for (std::int64_t tile = begin; tile < end; ++tile, products += kPanel) {
      const Tiles::Place place = tiles.at(tile);
      kernels_.transform_output(products, position_stride, bias, out_.image(place.image),
                                static_cast<int>(out_.height), static_cast<int>(out_.width),
                                static_cast<std::size_t>(out_.channels), place.y, place.x,
                                block * kPanel);
    }
  }

  const ConvolutionKernels& kernels_;
  Images<const float> in_;
  Images<float> out_;
  const float* weights_;
  const float* bias_;
  int padding_;
};

void convolve_tiles(const ConvolutionKernels& kernels, std::int64_t images,
                    const Images<const float>& in, const Images<float>& out, const float* weights,
                    const float* bias, std::int64_t padding) {
  const Tiles tiles(images, out.height, out.width);
  const std::int64_t chunk = chunk_of(in.channels, tiles.count());
  const std::int64_t chunks = parts_of(tiles.count(), chunk);
  const ChunkConvolver convolver(kernels, in, out, weights, bias, static_cast<int>(padding));
  const std::int64_t each = convolver.scratch(chunk);
  const Floats scratch(each * thread_count());
  in_parallel(0, chunks, 1, [&](std::int64_t begin, std::int64_t end, int thread) {
    float* const own = scratch.data() + each * thread;
    for (std::int64_t i = begin; i < end; ++i) {
      convolver.run(tiles, i * chunk, std::min(tiles.count(), (i + 1) * chunk), own);
    }
  });
}

using TransformWeights = void (*)(const float*, std::size_t, std::size_t, std::size_t, float*);

Floats transformed_weights(TransformWeights transform, const ConvolutionShape& shape,
                           std::int64_t from, std::int64_t to, const float* weights) {
  Floats made(std::int64_t{kPositions} * panels(from) * panels(to) * std::int64_t{kPanel * kPanel});
  in_parallel(0, panels(to), 1, [&](std::int64_t begin, std::int64_t end, int) {
    for (std::int64_t block = begin; block < end; ++block) {
      transform(weights, static_cast<std::size_t>(shape.outputs),
                static_cast<std::size_t>(shape.inputs), static_cast<std::size_t>(block),
                made.data());
    }
  });
  return made;
}

/// The sums of products of tiles, which the weights' gradient is made of.
class GradientSums {
 public:
  GradientSums(const ConvolutionKernels& kernels, const ConvolutionShape& shape)
      : kernels_(kernels),
        inputs_(shape.inputs),
        outputs_(shape.outputs),
        columns_(position(inputs_) * std::int64_t{kPositions}),
        rows_(position(outputs_) * std::int64_t{kPositions}),
        sums_(std::int64_t{kPositions} * inputs_ * outputs_) {}

  void add(const Tiles& tiles, std::int64_t begin, std::int64_t end, const Images<const float>& in,
           const Images<const float>& gradient, std::int64_t padding) {
    in_parallel(begin, end, 1, [&](std::int64_t first, std::int64_t last, int) {
      for (std::int64_t tile = first; tile < last; ++tile) {
        const Tiles::Place place = tiles.at(tile);
        const int pad = static_cast<int>(padding);
        kernels_.transform_input(in.view(place.image), place.y - pad, place.x - pad,
                                 place_of(columns_, inputs_, tile - begin));
        kernels_.transform_gradient(gradient.view(place.image), place.y, place.x,
                                    place_of(rows_, outputs_, tile - begin));
      }
    });
    const bool increase = begin > 0;
    in_parallel(0, std::int64_t{kPositions}, 1, [&](std::int64_t first, std::int64_t last, int) {
      for (std::int64_t p = first; p < last; ++p) {
        kernels_.add_products(
            rows_.data() + p * position(outputs_), columns_.data() + p * position(inputs_),
            kChunk * kPanel, static_cast<std::size_t>(end - begin), 0,
            static_cast<std::size_t>(outputs_), static_cast<std::size_t>(inputs_), increase,
            sums_.data() + p * inputs_ * outputs_, static_cast<std::size_t>(inputs_));
      }
    });
  }

  void finish(float* out) const {
    const auto inputs = static_cast<std::size_t>(inputs_);
    in_parallel(0, outputs_, 1, [&](std::int64_t begin, std::int64_t end, int) {
      for (std::int64_t k = begin; k < end; ++k) {
        kernels_.transform_weight_gradient(sums_.data() + k * inputs_,
                                           static_cast<std::size_t>(inputs_ * outputs_), inputs,
                                           out + k * 9 * inputs_, inputs);
      }
    });
  }

  /// Tiles that are added at once.
  static constexpr std::size_t kChunk = 144;

 private:
  static std::int64_t position(std::int64_t channels) {
    return panels(channels) * std::int64_t{kChunk * kPanel};
  }
  static TilePlace place_of(const Floats& values, std::int64_t channels, std::int64_t tile) {
    return {values.data() + tile * std::int64_t{kPanel},
            static_cast<std::size_t>(position(channels)), kChunk * kPanel};
  }

  const ConvolutionKernels& kernels_;
  std::int64_t inputs_, outputs_;
  Floats columns_, rows_, sums_;
};

}  // namespace

void winograd_forward(const ConvolutionKernels& kernels, const ConvolutionShape& shape,
                      const float* input, const float* weights, const float* bias, float* output) {
  const Floats made =
      transformed_weights(kernels.transform_weights, shape, shape.inputs, shape.outputs, weights);
  std::vector<float> whole_bias;  // with a value for every channel of the last block
  if (bias != nullptr) {
    whole_bias.assign(bias, bias + shape.outputs);
    whole_bias.resize(static_cast<std::size_t>(panels(shape.outputs)) * kPanel);
  }
  convolve_tiles(kernels, shape.images, {input, shape.height, shape.width, shape.inputs},
                 {output, shape.out_height(), shape.out_width(), shape.outputs}, made.data(),
                 bias == nullptr ? nullptr : whole_bias.data(), shape.padding);
}

void winograd_input_gradient(const ConvolutionKernels& kernels, const ConvolutionShape& shape,
                             const float* gradient, const float* weights, float* output) {
  const Floats made = transformed_weights(kernels.transform_turned_weights, shape, shape.outputs,
                                          shape.inputs, weights);
  convolve_tiles(kernels, shape.images,
                 {gradient, shape.out_height(), shape.out_width(), shape.outputs},
                 {output, shape.height, shape.width, shape.inputs}, made.data(),
                 /*bias=*/nullptr, shape.kernel - 1 - shape.padding);
}

void winograd_weight_gradient(const ConvolutionKernels& kernels, const ConvolutionShape& shape,
                              const float* input, const float* gradient, float* output) {
  const Tiles tiles(shape.images, shape.out_height(), shape.out_width());
  GradientSums sums(kernels, shape);
  constexpr std::int64_t kChunk{GradientSums::kChunk};
  for (std::int64_t begin = 0; begin < tiles.count(); begin += kChunk) {
    sums.add(tiles, begin, std::min(tiles.count(), begin + kChunk),
             {input, shape.height, shape.width, shape.inputs},
             {gradient, shape.out_height(), shape.out_width(), shape.outputs}, shape.padding);
  }
  sums.finish(output);
}

}  // namespace imgcls::kernels
