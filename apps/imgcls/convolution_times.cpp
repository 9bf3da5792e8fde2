#include "convolution_times.h"

#include <ATen/Functions.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <chrono>
#include <functional>

namespace imgcls::cli {
namespace {

using kernels::Method;
using kernels::Part;
using kernels::UsedConvolution;

/// A convolution's tensors, of noise.
struct Operands {
  explicit Operands(const UsedConvolution& of) {
    const auto drawn = [&](const std::vector<std::int64_t>& sizes) {
      return at::randn(sizes, at::kFloat)
          .contiguous(of.channels_last ? at::MemoryFormat::ChannelsLast
                                       : at::MemoryFormat::Contiguous);
    };
    input = drawn(of.input);
    weight = drawn(of.weight);
    gradient = drawn(of.output_sizes());
  }
  at::Tensor input, weight, gradient;
};

const std::vector<std::int64_t> kNoOutputPadding{0, 0};

void by_onednn(const UsedConvolution& c, const Operands& of, Part part) {
  if (part == Part::forward) {
    at::convolution(of.input, of.weight, {}, c.stride, c.padding, c.dilation, /*transposed=*/false,
                    kNoOutputPadding, c.groups);
  } else {
    at::convolution_backward(
        of.gradient, of.input, of.weight, at::OptionalIntArrayRef{}, c.stride, c.padding,
        c.dilation, /*transposed=*/false, kNoOutputPadding, c.groups,
        {part == Part::input_gradient, part == Part::weight_gradient, /*bias=*/false});
  }
}

void by_own(const kernels::ConvolutionShape& shape, Method method, const Operands& of, Part part) {
  if (part == Part::forward) {
    kernels::forward_by(shape, of.input, of.weight, at::Tensor());
  } else if (part == Part::input_gradient) {
    kernels::input_gradient_by(shape, of.gradient, of.weight);
  } else {
    kernels::weight_gradient_by(shape, method, of.input, of.gradient);
  }
}

double seconds_of(const std::function<void()>& call) {
  const auto begin = std::chrono::steady_clock::now();
  call();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

PartTimes measure_part(const UsedConvolution& c, const Operands& of, Part part, int calls) {
  const auto shape =
      kernels::shape_of({of.input, of.weight, c.stride, c.padding, c.dilation, false, c.groups});
  const Method fastest = shape ? kernels::fastest_method(*shape, part) : Method::aten;
  Method own = fastest;
  if (shape && fastest == Method::aten) own = kernels::own_method(*shape, part);
  PartTimes times{.part = part, .taken = fastest != Method::aten};
  for (int i = 0; i <= calls; ++i) {
    const double theirs = seconds_of([&] { by_onednn(c, of, part); });
    times.onednn = i <= 1 ? theirs : std::min(times.onednn, theirs);
    if (own == Method::aten) continue;
    const double ours = seconds_of([&] { by_own(*shape, own, of, part); });
    times.own = i <= 1 ? ours : std::min(*times.own, ours);
  }
  return times;
}

}  // namespace

std::vector<PartTimes> measure(const kernels::UsedConvolution& convolution, int calls) {
  const at::NoGradGuard no_gradients;
  const Operands operands(convolution);
  std::vector<PartTimes> all;
  for (const Part part : {Part::forward, Part::input_gradient, Part::weight_gradient}) {
    if (part == Part::input_gradient && !convolution.wants_input_gradient) continue;
    all.push_back(measure_part(convolution, operands, part, calls));
  }
  return all;
}

}  // namespace imgcls::cli
