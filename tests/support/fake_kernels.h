#pragma once
// The fake device's kernels are the CPU's, on tensors of the same memory (fake_device.h). Internal
// to the fake device.
#include "fake_streams.h"

#include <ATen/core/Tensor.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace imgcls::test::fake {

/// One kernel: its arguments as the CPU's tensors, and its results as the device's.
class Kernel {
 public:
  explicit Kernel(std::string name) : name_(std::move(name)) {}

  /// A tensor of the CPU's over the same memory. The CPU's own and undefined ones are themselves.
  at::Tensor argument(const at::Tensor& tensor, bool writes = false);
  at::Tensor argument(const std::optional<at::Tensor>& tensor) {
    return tensor ? argument(*tensor) : at::Tensor();
  }

  /// Once all arguments are known, and before the CPU computes.
  void launch(bool counted = true);

  /// Once it has: what it did to the arguments' shape and memory becomes the device's.
  void finish();
  /// The device's tensor for what the CPU's kernel gave: the argument where it is one, a view of an
  /// argument where it is a view, and new otherwise.
  at::Tensor result(const at::Tensor& of_cpu);

 private:
  struct Argument {
    at::Tensor device, cpu;
    bool writes;
  };
  void use(const at::Tensor& of_device, bool writes);

  std::string name_;
  std::vector<Argument> arguments_;
  std::vector<std::pair<c10::Storage, c10::Storage>> results_;  // the CPU's and the device's
  std::optional<Work> work_;                                    // none where nothing is launched
};

/// The copy of LibTorch's copy_: `from` or `to` is the device's.
at::Tensor copy_from(const at::Tensor& from, const at::Tensor& to, bool non_blocking);

}  // namespace imgcls::test::fake
