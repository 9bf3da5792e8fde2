#include <imgcls/optim/orthogonal.h>

#include <ATen/ops/addmm.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/linalg_vector_norm.h>

#include <algorithm>

namespace imgcls::optim {
namespace {

at::Tensor as_matrix(const at::Tensor& tensor) {
  return tensor.reshape({tensor.size(0), -1});
}

/// In multiplications of an iteration: short * short * long three times, but for a factor.
double cost(const at::Tensor& tensor) {
  const auto rows = static_cast<double>(tensor.size(0));
  const double columns = static_cast<double>(tensor.numel()) / rows;
  return std::min(rows, columns) * std::min(rows, columns) * std::max(rows, columns);
}

}  // namespace

at::Tensor orthogonalize(const at::Tensor& matrix, int iterations) {
  constexpr double kA = 3.4445, kB = -4.7750, kC = 2.0315;
  const bool tall = matrix.size(0) > matrix.size(1);
  at::Tensor x = matrix.to(at::kBFloat16);
  if (tall) x = x.t();
  x = x.div(at::linalg_vector_norm(x).clamp_min(1e-7)).contiguous();
  for (int i = 0; i < iterations; ++i) {
    const at::Tensor a = x.mm(x.t());
    const at::Tensor b = at::addmm(a, a, a, kB, kC);
    x = at::addmm(x, b, x, kA);
  }
  return tall ? x.t() : x;
}

std::vector<at::Tensor> orthogonalize_all(std::span<const at::Tensor> tensors, int iterations,
                                          WorkSharing* sharing) {
  std::vector<double> costs;
  std::ranges::transform(tensors, std::back_inserter(costs), cost);
  const std::vector<int> owners = owners_of(costs, sharing);
  std::vector<at::Tensor> made;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const bool is_mine = sharing == nullptr || owners[i] == sharing->rank();
    made.push_back(is_mine
                       ? orthogonalize(as_matrix(tensors[i]), iterations)
                             .reshape(tensors[i].sizes())
                             .contiguous()
                       : at::empty(tensors[i].sizes(), tensors[i].options().dtype(at::kBFloat16)));
  }
  if (sharing != nullptr) sharing->exchange(made, owners);
  return made;
}

}  // namespace imgcls::optim
