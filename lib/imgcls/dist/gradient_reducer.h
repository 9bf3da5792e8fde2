#pragma once
// Gradients averaged over ranks while the backward pass computes them: c10d's Reducer, as PyTorch's
// DistributedDataParallel uses it, and what that leaves open for a program in C++. Internal to
// dist/.
//
// - Gradients that are views of the Reducer's buckets can be detached in place, as every
//   `zero_grad` of torch::optim does.
// - Parameters to which a backward pass gave no gradient are named, at the end of that pass; or
//   found by it, whatever the model's outputs are and whichever of them the loss is made of.

#include <ATen/core/Tensor.h>
#include <c10/util/intrusive_ptr.h>

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

namespace c10d {
class ProcessGroup;
}

namespace imgcls::dist {

/// A trainable parameter and its dotted name in the module.
struct TrainedParameter {
  std::string name;
  at::Tensor tensor;
};

struct ReducerOptions {
  std::size_t bucket_bytes = 25 << 20;  ///< of all buckets but the first, which has 1 MiB at most
  bool views = false;                   ///< gradients are views of the buckets
  bool find_unused = false;
  bool fp16 = false;  ///< gradients travel as halves
};

class GradientReducer {
 public:
  /// `parameters`, one or more, from the last to the first: about the order in which a backward
  /// pass has them ready, and that in which buckets hold them, in each step of each start. The same
  /// on all ranks. A collective. Throws c10::Error.
  GradientReducer(std::vector<TrainedParameter> parameters,
                  c10::intrusive_ptr<c10d::ProcessGroup> group, const ReducerOptions& options);
  ~GradientReducer();
  GradientReducer(const GradientReducer&) = delete;
  GradientReducer& operator=(const GradientReducer&) = delete;

  /// Around a forward pass whose backward pass averages; all others leave gradients alone. Throws
  /// DistError when the last such backward pass did not come to its end.
  ///
  /// The backward pass throws DistError when a parameter got no gradient (unless `find_unused`), or
  /// a sparse one.
  void before_forward();
  void after_forward();

 private:
  class Reducer;
  class Watch;
  std::unique_ptr<Watch> watch_;
  std::unique_ptr<Reducer> reducer_;  // after watch_, whose hooks have to run first
};

}  // namespace imgcls::dist
