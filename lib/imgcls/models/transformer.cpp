#include <imgcls/models/layers.h>
#include <imgcls/models/transformer.h>

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/scaled_dot_product_attention.h>
#include <torch/nn/init.h>
#include <torch/nn/modules/dropout.h>
#include <torch/nn/modules/linear.h>

#include <cmath>

namespace imgcls::models {

Chain mlp(int width, int hidden, double dropout) {
  namespace nn = torch::nn;
  const nn::Linear in(width, hidden), out(hidden, width);
  for (const nn::Linear& linear : {in, out}) {
    nn::init::xavier_uniform_(linear->weight);
    nn::init::normal_(linear->bias, 0.0, 1e-6);
  }
  Chain chain;
  chain->add(in);
  chain->add([](const at::Tensor& x) { return activate(Activation::gelu, x); });
  chain->add(nn::Dropout(dropout));
  chain->add(out);
  chain->add(nn::Dropout(dropout));
  return chain;
}

at::Tensor attention(const at::Tensor& qkv, int heads, const at::Tensor& bias,
                     std::optional<double> scale) {
  const std::vector<at::Tensor> parts =
      qkv.unflatten(2, {3, heads, -1}).permute({2, 0, 3, 1, 4}).unbind(0);
  const auto mask = bias.defined() ? std::optional(bias) : std::nullopt;
  return at::scaled_dot_product_attention(parts[0], parts[1], parts[2], mask, /*dropout_p=*/0,
                                          /*is_causal=*/false, scale)
      .transpose(1, 2)
      .flatten(2);
}

at::Tensor window_attention(const at::Tensor& qkv, int heads, const at::Tensor& bias,
                            std::optional<double> scale) {
  const auto windows = static_cast<int>(qkv.size(1));
  if (bias.size(0) == 1) {
    return attention(qkv.flatten(0, 1), heads, bias, scale).unflatten(0, {-1, windows});
  }
  // Windows that each have a bias of their own are taken for heads: the fused kernels know biases
  // by head, and none by window that is the same for all images.
  const at::Tensor as_heads =
      qkv.unflatten(3, {3, heads, -1}).permute({0, 2, 3, 1, 4, 5}).flatten(2);
  return attention(as_heads, windows * heads, bias.flatten(0, 1).unsqueeze(0), scale)
      .unflatten(2, {windows, -1})
      .transpose(1, 2);
}

at::Tensor to_windows(const at::Tensor& images, std::int64_t side) {
  return images.unflatten(2, {-1, side})
      .unflatten(1, {-1, side})
      .permute({0, 1, 3, 2, 4, 5})
      .flatten(3, 4)
      .flatten(1, 2);
}

at::Tensor from_windows(const at::Tensor& windows, std::int64_t side, std::int64_t height,
                        std::int64_t width) {
  return windows.unflatten(2, {side, side})
      .unflatten(1, {height / side, width / side})
      .permute({0, 1, 3, 2, 4, 5})
      .flatten(3, 4)
      .flatten(1, 2);
}

at::Tensor relative_positions(std::int64_t side) {
  const at::Tensor pixels = at::arange(side * side);
  const at::Tensor rows = pixels.floor_divide(side), columns = pixels.remainder(side);
  const auto differences = [&](const at::Tensor& x) {
    return x.unsqueeze(1) - x.unsqueeze(0) + (side - 1);
  };
  return differences(rows) * (2 * side - 1) + differences(columns);
}

at::Tensor relative_bias(const at::Tensor& table, const at::Tensor& positions) {
  const auto pixels = static_cast<std::int64_t>(std::sqrt(positions.numel()));
  return table.index_select(0, positions.flatten())
      .unflatten(0, {pixels, pixels})
      .permute({2, 0, 1})
      .contiguous()
      .unsqueeze(0);
}

}  // namespace imgcls::models
