#pragma once
// Parts of transformers that several families share, with torchvision's parameter names.

#include <imgcls/models/chain.h>

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>

namespace imgcls::models {

/// A linear layer ("0"), GELU, dropout, a linear layer ("3") and dropout, on the last dimension.
/// Weights are drawn by Glorot and Bengio's rule, biases with a standard deviation of 1e-6.
Chain mlp(int width, int hidden, double dropout);

/// Attention by several heads (Vaswani et al., arXiv:1706.03762). `qkv` is N x tokens x (3 * heads
/// * d), queries before keys before values; the result is N x tokens x (heads * d). `bias`, which
/// may be undefined, is added to the scores before softmax: 1 x heads x tokens x tokens.
at::Tensor attention(const at::Tensor& qkv, int heads, const at::Tensor& bias = {},
                     std::optional<double> scale = {});

/// The same within windows: `qkv` is N x windows x tokens x (3 * heads * d), the result N x windows
/// x tokens x (heads * d). `bias` is one for all windows, 1 x heads x tokens x tokens, or one for
/// each.
at::Tensor window_attention(const at::Tensor& qkv, int heads, const at::Tensor& bias,
                            std::optional<double> scale = {});

/// Images cut into squares of side x side pixels, and put together again: N x H x W x C from and to
/// N x (rows * columns of squares) x side^2 x C. H and W are multiples of `side`.
at::Tensor to_windows(const at::Tensor& images, std::int64_t side);
/// The way back: N x height x width x C of what to_windows gave for that side.
at::Tensor from_windows(const at::Tensor& windows, std::int64_t side, std::int64_t height,
                        std::int64_t width);

/// Which row of a table of (2 * side - 1)^2 relative positions belongs to each pair of a window's
/// pixels: side^2 x side^2, int64.
at::Tensor relative_positions(std::int64_t side);

/// Rows of such a table (positions x heads) for each pair of pixels: 1 x heads x side^2 x side^2.
at::Tensor relative_bias(const at::Tensor& table, const at::Tensor& positions);

}  // namespace imgcls::models
