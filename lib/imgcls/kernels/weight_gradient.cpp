#include <imgcls/kernels/panels.h>
#include <imgcls/kernels/threads.h>
#include <imgcls/kernels/weight_gradient.h>

#include <algorithm>
#include <cstdint>

namespace imgcls::kernels {
namespace {

// Output pixels whose values are packed at once: a sum is one of sums over so many.
constexpr std::int64_t kPlaces = 128;
constexpr std::int64_t kColumns = 512;  // input channels, likewise
constexpr std::int64_t kPanelStride = kPlaces * std::int64_t{kPanel};

/// Some output channels' part of the gradient, on one thread.
class RowsGradient {
 public:
  RowsGradient(const ConvolutionKernels& kernels, const ConvolutionShape& shape, float* rows,
               float* columns, float* output)
      : kernels_(kernels), shape_(shape), rows_(rows), columns_(columns), output_(output) {}

  /// The blocks of 16 output channels from `begin` up to `end`.
  void run(std::int64_t begin, std::int64_t end, const float* input, const float* gradient) const {
    const std::int64_t first = begin * std::int64_t{kPanel};
    const std::int64_t last = std::min(shape_.outputs, end * std::int64_t{kPanel});
    const std::int64_t taps = shape_.kernel * shape_.kernel;
    for (std::int64_t place = 0; place < shape_.places(); place += kPlaces) {
      const std::int64_t count = std::min(kPlaces, shape_.places() - place);
      for (std::int64_t i = 0; i < count; ++i) {
        kernels_.pack(gradient + (place + i) * shape_.outputs + first,
                      static_cast<std::size_t>(last - first),
                      rows_ + begin * kPanelStride + i * std::int64_t{kPanel},
                      static_cast<std::size_t>(kPanelStride));
      }
      for (std::int64_t tap = 0; tap < taps; ++tap) {
        for (std::int64_t c = 0; c < shape_.inputs; c += kColumns) {
          const std::int64_t channels = std::min(kColumns, shape_.inputs - c);
          pack_columns(place, count, tap, c, channels, input);
          kernels_.add_products(rows_, columns_, static_cast<std::size_t>(kPanelStride),
                                static_cast<std::size_t>(count), static_cast<std::size_t>(first),
                                static_cast<std::size_t>(last), static_cast<std::size_t>(channels),
                                /*increase=*/place > 0, output_ + tap * shape_.inputs + c,
                                static_cast<std::size_t>(taps * shape_.inputs));
        }
      }
    }
  }

 private:
  // What a tap of the kernel meets at each of the output's places; zeros in the padding.
  void pack_columns(std::int64_t place, std::int64_t count, std::int64_t tap, std::int64_t channel,
                    std::int64_t channels, const float* input) const {
    const std::int64_t width = shape_.out_width(), area = shape_.out_height() * width;
    for (std::int64_t i = 0; i < count; ++i) {
      const std::int64_t image = (place + i) / area, at = (place + i) % area;
      const std::int64_t y = at / width * shape_.stride - shape_.padding + tap / shape_.kernel;
      const std::int64_t x = at % width * shape_.stride - shape_.padding + tap % shape_.kernel;
      const bool inside = y >= 0 && y < shape_.height && x >= 0 && x < shape_.width;
      const std::int64_t from = ((image * shape_.height + y) * shape_.width + x) * shape_.inputs;
      kernels_.pack(inside ? input + from + channel : nullptr, static_cast<std::size_t>(channels),
                    columns_ + i * std::int64_t{kPanel}, static_cast<std::size_t>(kPanelStride));
    }
  }

  const ConvolutionKernels& kernels_;
  ConvolutionShape shape_;
  float* rows_;
  float* columns_;
  float* output_;
};

}  // namespace

void product_weight_gradient(const ConvolutionKernels& kernels, const ConvolutionShape& shape,
                             const float* input, const float* gradient, float* output) {
  const std::int64_t blocks = panels(shape.outputs), threads = thread_count();
  const std::int64_t each = panels(std::min(kColumns, shape.inputs)) * kPanelStride;
  const Floats rows(blocks * kPanelStride);
  const Floats columns(threads * each);
  const std::int64_t share = (blocks + threads - 1) / threads;
  in_parallel(0, blocks, share, [&](std::int64_t begin, std::int64_t end, int thread) {
    const RowsGradient part(kernels, shape, rows.data(), columns.data() + each * thread, output);
    part.run(begin, end, input, gradient);
  });
}

}  // namespace imgcls::kernels
