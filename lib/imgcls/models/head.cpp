#include <imgcls/core/error.h>
#include <imgcls/models/head.h>

#include <fmt/format.h>
#include <torch/nn/init.h>

#include <algorithm>
#include <cmath>

namespace imgcls::models {
namespace {

/// Values behind one another that give one output.
std::int64_t fan_in(const at::Tensor& weight) {
  return weight.numel() / weight.size(0);
}

}  // namespace

bool is_of_head(const Model& model, std::string_view parameter) {
  return std::ranges::any_of(
      model.heads(), [&](const std::string& head) { return parameter.starts_with(head + "."); });
}

void draw_heads(const Model& model) {
  const std::vector<std::string> heads = model.heads();
  if (heads.empty()) {
    throw WeightsError(fmt::format(
        "the model {} does not say which layer is its head, so it gets no new one", model.name()));
  }
  for (const std::string& head : heads) {
    double bound = 0;
    for (const auto& [name, tensor] : model.parameters()) {
      if (name == head + ".weight") {
        bound = 1 / std::sqrt(static_cast<double>(fan_in(tensor)));
        torch::nn::init::kaiming_uniform_(tensor, std::sqrt(5.0));  // as reset_parameters has it
      } else if (name == head + ".bias") {
        torch::nn::init::uniform_(tensor, -bound, bound);
      }
    }
  }
}

}  // namespace imgcls::models
