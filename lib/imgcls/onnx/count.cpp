#include <imgcls/onnx/export.h>
#include <imgcls/onnx/trace.h>

#include <functional>
#include <numeric>

namespace imgcls::onnx {
namespace {

double product_of(const std::vector<std::int64_t>& sizes) {
  return std::accumulate(sizes.begin(), sizes.end(), 1.0, [](double all, std::int64_t size) {
    return all * static_cast<double>(size);
  });
}

/// Of two images.
double operations(const TracedOp& op) {
  const auto sizes = [&](std::size_t i) { return op.inputs.at(i)->sizes_of_two; };
  const double results = op.outputs.empty() ? 0 : product_of(op.outputs[0]->sizes_of_two);
  if (op.name == "_convolution") {  // weights: out x in / groups x height x width
    return results * product_of(sizes(1)) / static_cast<double>(sizes(1)[0]);
  }
  if (op.name == "addmm") return results * static_cast<double>(sizes(1).back());
  if (op.name == "linear" || op.name == "mm" || op.name == "bmm" || op.name == "matmul") {
    return results * static_cast<double>(sizes(0).back());
  }
  if (op.name == "scaled_dot_product_attention") {  // query key^T, and the result times value
    return product_of(sizes(0)) * static_cast<double>(sizes(1)[sizes(1).size() - 2]) * 2;
  }
  return 0;
}

}  // namespace

double count_operations(const models::Model& model, int side) {
  double all = 0;
  for (const TracedOp& op : trace(model, side).ops) all += operations(op);
  return all / 2;
}

}  // namespace imgcls::onnx
