// Convolution, pooling, norms, products and attention.
#include <imgcls/onnx/converter.h>

#include <ATen/ops/zeros.h>

#include <cmath>
#include <string>
#include <utility>

namespace imgcls::onnx {
namespace {

/// ATen takes one number for height and width.
Sizes pair(Sizes numbers) {
  if (numbers.size() == 1) numbers.push_back(numbers[0]);
  return numbers;
}

/// ATen's padding of two sides as ONNX's of four.
Sizes both_ends(const Sizes& pads) {
  const Sizes two = pair(pads);
  return {two[0], two[1], two[0], two[1]};
}

void convolution(const Call& call) {
  if (call.flag(6)) call.refuse("a transposed convolution");
  std::vector<std::string> inputs{call.tensor(0), call.tensor(1)};
  if (call.has(2)) inputs.push_back(call.tensor(2));
  const Sizes& weights = call.sizes(1);
  call.result(call.build().node("Conv", inputs,
                                {{"kernel_shape", Sizes(weights.begin() + 2, weights.end())},
                                 {"strides", pair(call.integers(3))},
                                 {"pads", both_ends(call.integers(4))},
                                 {"dilations", pair(call.integers(5))},
                                 {"group", call.integer(8)}}));
}

void batch_norm(const Call& call) {
  for (std::size_t i = 1; i <= 4; ++i) {
    if (!call.has(i)) call.refuse("batch norm without weights or running statistics");
  }
  call.result(call.build().node(
      "BatchNormalization",
      {call.tensor(0), call.tensor(1), call.tensor(2), call.tensor(3), call.tensor(4)},
      {{"epsilon", static_cast<float>(call.number(7))}}));
}

void layer_norm(const Call& call) {
  if (!call.has(2) || !call.has(3)) call.refuse("layer norm without weights");
  const auto normalized = static_cast<std::int64_t>(call.integers(1).size());
  call.result(
      call.build().node("LayerNormalization", {call.tensor(0), call.tensor(2), call.tensor(3)},
                        {{"axis", -normalized}, {"epsilon", static_cast<float>(call.number(4))}}));
}

Sizes strides_or_kernel(const Call& call) {
  const Sizes strides = call.integers(2);
  return pair(strides.empty() ? call.integers(1) : strides);
}

void max_pool(const Call& call) {
  call.result(call.build().node("MaxPool", {call.tensor(0)},
                                {{"kernel_shape", pair(call.integers(1))},
                                 {"strides", strides_or_kernel(call)},
                                 {"pads", both_ends(call.integers(3))},
                                 {"dilations", pair(call.integers(4))},
                                 {"ceil_mode", std::int64_t{call.flag(5)}}}));
}

void average_pool(const Call& call) {
  if (call.has(6)) call.refuse("a divisor of one's own");
  call.result(call.build().node("AveragePool", {call.tensor(0)},
                                {{"kernel_shape", pair(call.integers(1))},
                                 {"strides", strides_or_kernel(call)},
                                 {"pads", both_ends(call.integers(3))},
                                 {"ceil_mode", std::int64_t{call.flag(4)}},
                                 {"count_include_pad", std::int64_t{call.flag(5)}}}));
}

/// `out` rows, each the mean of its part of `in` positions: what adaptive pooling does along an
/// axis.
at::Tensor averaging(std::int64_t in, std::int64_t out) {
  at::Tensor matrix = at::zeros({out, in});
  for (std::int64_t i = 0; i < out; ++i) {
    const std::int64_t from = i * in / out, to = ((i + 1) * in + out - 1) / out;
    matrix[i].slice(0, from, to).fill_(1.0 / static_cast<double>(to - from));
  }
  return matrix;
}

void adaptive_average_pool(const Call& call) {
  Builder& build = call.build();
  const Sizes out = pair(call.integers(1));
  const Sizes& in = call.sizes(0);
  const std::int64_t height = in.at(2), width = in.at(3);
  if (out == Sizes{1, 1}) return call.result(build.node("GlobalAveragePool", {call.tensor(0)}));
  std::string x = call.tensor(0);
  if (out[0] != height) x = build.node("MatMul", {build.constant(averaging(height, out[0])), x});
  if (out[1] != width) {
    x = build.node("MatMul", {x, build.constant(averaging(width, out[1]).t())});
  }
  call.result(x);
}

/// bias + x weights^T, as a linear layer computes it.
void addmm(const Call& call) {
  if (call.number(3) != 1 || call.number(4) != 1) call.refuse("factors that are not 1");
  Builder& build = call.build();
  const c10::IValue& second = call.op().inputs.at(2)->constant;
  if (second.isTensor() && second.toTensor().t().is_contiguous()) {
    // As the layer holds them, so that they keep their name.
    const std::string weights = build.constant(second.toTensor().t());
    return call.result(build.node("Gemm", {call.tensor(1), weights, call.tensor(0)},
                                  {{"transB", std::int64_t{1}}}));
  }
  call.result(build.node("Gemm", {call.tensor(1), call.tensor(2), call.tensor(0)}));
}

/// x weights^T + bias, of any number of dimensions.
void linear(const Call& call) {
  Builder& build = call.build();
  const c10::IValue& weights = call.op().inputs.at(1)->constant;
  if (!weights.isTensor()) call.refuse("weights that depend on the images");
  const std::string transposed = build.constant(weights.toTensor().t());
  const std::string x = build.node("MatMul", {call.tensor(0), transposed});
  call.result(call.has(2) ? build.node("Add", {x, call.tensor(2)}) : x);
}

void product(const Call& call) {
  call.result(call.build().node("MatMul", {call.tensor(0), call.tensor(1)}));
}

void softmax(const Call& call) {
  call.result(call.build().node("Softmax", {call.tensor(0)}, {{"axis", call.dimension(1)}}));
}

/// softmax(query key^T scale + mask) value.
void attention(const Call& call) {
  if (call.flag(5)) call.refuse("causal attention");
  Builder& build = call.build();
  const std::int64_t rank = call.rank(1);
  Sizes order;
  for (std::int64_t i = 0; i < rank - 2; ++i) order.push_back(i);
  order.insert(order.end(), {rank - 1, rank - 2});
  const double scale =
      call.has(6) ? call.number(6) : 1 / std::sqrt(static_cast<double>(call.sizes(0).back()));
  const std::string keys = build.node("Transpose", {call.tensor(1)}, {{"perm", order}});
  const std::string queries = build.node("Mul", {call.tensor(0), build.constant(scale)});
  std::string scores = build.node("MatMul", {queries, keys});
  if (call.has(3)) scores = build.node("Add", {scores, call.tensor(3)});
  const std::string weights = build.node("Softmax", {scores}, {{"axis", std::int64_t{-1}}});
  call.result(build.node("MatMul", {weights, call.tensor(2)}));
}

/// A reduction over dimensions, which are argument `at`, followed by whether they are kept.
Translation reduction(std::string name, std::size_t at) {
  return [op = std::move(name), at](const Call& call) {
    if (op == "ReduceL2" && call.number(1) != 2) call.refuse("a norm other than the second");
    call.result(call.build().node(
        op, {call.tensor(0)},
        {{"axes", call.integers(at)}, {"keepdims", std::int64_t{call.flag(at + 1)}}}));
  };
}

}  // namespace

void add_layers(Translations& all) {
  all["_convolution"] = convolution;
  all["batch_norm"] = batch_norm;
  all["layer_norm"] = layer_norm;
  all["max_pool2d"] = max_pool;
  all["avg_pool2d"] = average_pool;
  all["adaptive_avg_pool2d"] = adaptive_average_pool;
  all["addmm"] = addmm;
  all["linear"] = linear;
  all["mm"] = product;
  all["bmm"] = product;
  all["matmul"] = product;
  all["softmax"] = softmax;
  all["scaled_dot_product_attention"] = attention;
  all["mean"] = reduction("ReduceMean", 1);
  all["amax"] = reduction("ReduceMax", 1);
  all["linalg_vector_norm"] = reduction("ReduceL2", 2);
}

}  // namespace imgcls::onnx
