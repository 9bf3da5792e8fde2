#pragma once
// The parts of a training step as a profiler names them.

#include <ATen/record_function.h>

namespace imgcls {

namespace ranges {
constexpr const char* kStep = "step";           ///< holds all others but kReduce
constexpr const char* kDataWait = "data wait";  ///< until the loader has a batch
constexpr const char* kInput = "input";         ///< copy to the device, normalization
constexpr const char* kForward = "forward";     ///< with the loss
constexpr const char* kBackward = "backward";  ///< gradients of the loss; their travel is kReduce's
constexpr const char* kNorm = "gradient norm";   ///< of steps that are logged
constexpr const char* kOptimizer = "optimizer";  ///< update of the parameters
/// Gradients travel. On a thread of its own, while the backward pass goes on (queue_backend.h).
constexpr const char* kReduce = "reduce";
constexpr const char* kOtherTravel = "exchange";  ///< buffers and the like travel, likewise
}  // namespace ranges

/// A range from here to the end of the scope. Nearly free while no profiler runs.
class StepRange {
 public:
  /// Outlives this: one of those above.
  explicit StepRange(const char* name) : range_(at::RecordScope::USER_SCOPE) {
    if (range_.isActive()) range_.before(name);
  }

 private:
  at::RecordFunction range_;
};

}  // namespace imgcls
