#include <imgcls/models/blur_pool.h>

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/tensor.h>

namespace imgcls::models {

at::Tensor BlurPool::operator()(const at::Tensor& x, int stride) const {
  const at::Tensor filter = filter_for(x).expand({x.size(1), 1, 3, 3});
  return at::conv2d(x, filter, {}, {stride, stride}, {1, 1}, {1, 1}, x.size(1));
}

at::Tensor BlurPool::filter_for(const at::Tensor& x) const {
  const std::lock_guard lock(mutex_);
  if (!filter_.defined() || filter_.device() != x.device() ||
      filter_.scalar_type() != x.scalar_type()) {
    const at::NoGradGuard no_grad;
    const at::Tensor line = at::tensor({0.25F, 0.5F, 0.25F}, x.options());
    filter_ = line.view({3, 1}) * line.view({1, 3});
  }
  return filter_;
}

}  // namespace imgcls::models
