#include <imgcls/dist/device_stream.h>
#include <imgcls/train/readback.h>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty_like.h>

#include <utility>

namespace imgcls::train {

Readback::Readback(const std::string& device) : device_(device) {
  if (!device_.is_cpu()) copied_.emplace(device_.type());
}

void Readback::start(const std::vector<at::Tensor>& values) {
  const at::NoGradGuard no_grad;
  host_.clear();
  for (const at::Tensor& value : values) {
    // A figure may lie on the host already.
    const bool travels = !value.device().is_cpu();
    at::Tensor copy =
        at::empty_like(value, value.options().device(at::kCPU).pinned_memory(travels));
    copy.copy_(value, /*non_blocking=*/travels);
    host_.push_back(std::move(copy));
  }
  if (copied_) copied_->record(dist::current_stream(device_));
}

std::vector<at::Tensor> Readback::take() {
  if (copied_) copied_->wait();
  return std::exchange(host_, {});
}

}  // namespace imgcls::train
