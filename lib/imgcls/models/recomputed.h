#pragma once
// Less memory for more time: a part of a network of which nothing but its input is kept for the
// backward pass, which computes the rest again (Chen et al., "Training deep nets with sublinear
// memory cost", arXiv:1604.06174). Internal to models/.

#include <ATen/core/Tensor.h>

#include <functional>
#include <vector>

namespace imgcls::models {

struct RecomputedPart {
  std::function<at::Tensor(const at::Tensor&)> run;
  /// Those that `run` reads and that want gradients.
  std::vector<at::Tensor> parameters;
  /// Those that `run` changes (running statistics).
  std::vector<at::Tensor> buffers;
};

/// `part.run(x)`. What comes out, gradients, buffers and the state of PyTorch's generators have the
/// bits of a plain call: the second time random numbers are those of the first, autocast is as it
/// was then, and buffers keep what they had. Gradients of parameters go through the graph, as ever,
/// so that hooks see them. `run` must not change `x`. There is no second derivative.
at::Tensor recomputed(RecomputedPart part, const at::Tensor& x);

}  // namespace imgcls::models
