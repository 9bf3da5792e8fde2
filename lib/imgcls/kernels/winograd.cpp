#include <imgcls/kernels/winograd.h>

#include <ATen/Functions.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <cstdint>

namespace imgcls::kernels {
namespace {

at::Tensor floats(std::int64_t count) {
  return at::empty({count}, at::kFloat);
}

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

/// Tiles that a thread works on at once, so that what they become fits its cache.
std::int64_t chunk_of(std::int64_t channels, std::int64_t tiles) {
  const std::int64_t most = channels <= 64 ? 24 : channels <= 128 ? 48 : 72;
  const std::int64_t share = (tiles + at::get_num_threads() - 1) / at::get_num_threads();
  return std::min(most, share);
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
  const std::int64_t chunks = (tiles.count() + chunk - 1) / chunk;
  const ChunkConvolver convolver(kernels, in, out, weights, bias, static_cast<int>(padding));
  const std::int64_t each = convolver.scratch(chunk);
  const at::Tensor scratch = floats(each * at::get_num_threads());
  float* const memory = scratch.data_ptr<float>();
  at::parallel_for(0, chunks, 1, [&](std::int64_t begin, std::int64_t end) {
    float* const own = memory + each * at::get_thread_num();
    for (std::int64_t i = begin; i < end; ++i) {
      convolver.run(tiles, i * chunk, std::min(tiles.count(), (i + 1) * chunk), own);
    }
  });
}

using TransformWeights = void (*)(const float*, std::size_t, std::size_t, std::size_t, float*);

at::Tensor transformed_weights(TransformWeights transform, const ConvolutionShape& shape,
                               std::int64_t from, std::int64_t to, const float* weights) {
  const at::Tensor made =
      floats(std::int64_t{kPositions} * panels(from) * panels(to) * std::int64_t{kPanel * kPanel});
  float* const out = made.data_ptr<float>();
  at::parallel_for(0, panels(to), 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t block = begin; block < end; ++block) {
      transform(weights, static_cast<std::size_t>(shape.outputs),
                static_cast<std::size_t>(shape.inputs), static_cast<std::size_t>(block), out);
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
        columns_(floats(position(inputs_) * std::int64_t{kPositions})),
        rows_(floats(position(outputs_) * std::int64_t{kPositions})),
        sums_(floats(std::int64_t{kPositions} * inputs_ * outputs_)) {}

  void add(const Tiles& tiles, std::int64_t begin, std::int64_t end, const Images<const float>& in,
           const Images<const float>& gradient, std::int64_t padding) {
    at::parallel_for(begin, end, 1, [&](std::int64_t first, std::int64_t last) {
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
    at::parallel_for(0, std::int64_t{kPositions}, 1, [&](std::int64_t first, std::int64_t last) {
      for (std::int64_t p = first; p < last; ++p) {
        kernels_.add_products(rows_.data_ptr<float>() + p * position(outputs_),
                              columns_.data_ptr<float>() + p * position(inputs_), kChunk * kPanel,
                              static_cast<std::size_t>(end - begin), 0,
                              static_cast<std::size_t>(outputs_), static_cast<std::size_t>(inputs_),
                              increase, sums_.data_ptr<float>() + p * inputs_ * outputs_,
                              static_cast<std::size_t>(inputs_));
      }
    });
  }

  void finish(float* out) const {
    const auto inputs = static_cast<std::size_t>(inputs_);
    at::parallel_for(0, outputs_, 1, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t k = begin; k < end; ++k) {
        kernels_.transform_weight_gradient(sums_.data_ptr<float>() + k * inputs_,
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
  static TilePlace place_of(const at::Tensor& values, std::int64_t channels, std::int64_t tile) {
    return {values.data_ptr<float>() + tile * std::int64_t{kPanel},
            static_cast<std::size_t>(position(channels)), kChunk * kPanel};
  }

  const ConvolutionKernels& kernels_;
  std::int64_t inputs_, outputs_;
  at::Tensor columns_, rows_, sums_;
};

}  // namespace

void winograd_forward(const ConvolutionKernels& kernels, const ConvolutionShape& shape,
                      const float* input, const float* weights, const float* bias, float* output) {
  const at::Tensor made =
      transformed_weights(kernels.transform_weights, shape, shape.inputs, shape.outputs, weights);
  at::Tensor whole_bias;  // with a value for every channel of the last block
  if (bias != nullptr) {
    whole_bias = at::zeros({panels(shape.outputs) * std::int64_t{kPanel}}, at::kFloat);
    std::copy_n(bias, shape.outputs, whole_bias.data_ptr<float>());
  }
  convolve_tiles(kernels, shape.images, {input, shape.height, shape.width, shape.inputs},
                 {output, shape.out_height(), shape.out_width(), shape.outputs},
                 made.data_ptr<float>(), bias == nullptr ? nullptr : whole_bias.data_ptr<float>(),
                 shape.padding);
}

void winograd_input_gradient(const ConvolutionKernels& kernels, const ConvolutionShape& shape,
                             const float* gradient, const float* weights, float* output) {
  const at::Tensor made = transformed_weights(kernels.transform_turned_weights, shape,
                                              shape.outputs, shape.inputs, weights);
  convolve_tiles(kernels, shape.images,
                 {gradient, shape.out_height(), shape.out_width(), shape.outputs},
                 {output, shape.height, shape.width, shape.inputs}, made.data_ptr<float>(),
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
