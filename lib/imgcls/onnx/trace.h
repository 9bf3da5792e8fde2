#pragma once
// A forward pass as a list of operations, recorded by LibTorch's tracer while it runs.
//
// The pass is recorded twice, for two and for three images. What differs between the two records is
// what depends on the batch's size: so a size that a network's code holds as a number is found and
// becomes "of any size" again.

#include <imgcls/models/model.h>

#include <ATen/core/ivalue.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace imgcls::onnx {

/// A tensor or a list of constants on its way between operations.
struct TracedValue {
  /// Unique in the trace.
  std::size_t id;
  /// Sizes with two and with three images; empty for what is no tensor.
  std::vector<std::int64_t> sizes_of_two, sizes_of_three;
  /// Its value where it does not depend on the images: a parameter, or what was computed from
  /// parameters and numbers alone; None otherwise.
  c10::IValue constant;
  /// A number, or a list of them, that is another one with three images.
  bool varies = false;
};

/// Shared by the operations that give and take it.
using TracedValuePtr = std::shared_ptr<const TracedValue>;

/// An operation on values of which at least one depends on the images.
struct TracedOp {
  /// ATen's name, without a trailing underscore: "relu" for aten::relu and aten::relu_.
  std::string name;
  /// In the order of ATen's declaration. A list of tensors (cat's) is spread over `lists`.
  std::vector<TracedValuePtr> inputs;
  /// For each input the tensors of the list that it is; empty where it is none.
  std::vector<std::vector<TracedValuePtr>> lists;
  /// More than one where the operation makes a list (split) or a tuple.
  std::vector<TracedValuePtr> outputs;
};

/// A forward pass.
struct Trace {
  TracedValuePtr images, logits;  ///< what goes in, N x channels x side x side, and what comes out
  std::vector<TracedOp> ops;      ///< in the order in which they ran
};

/// Records the pass of `model` in evaluation mode over float images channels x side x side. The
/// model's mode is restored. Throws Error where the two records differ in more than sizes.
Trace trace(const models::Model& model, int side);

}  // namespace imgcls::onnx
