#include <imgcls/models/network.h>
#include <imgcls/models/recomputed.h>

#include <ATen/core/grad_mode.h>
#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace imgcls::models {

at::Tensor Network::forward(const at::Tensor& images) {
  at::Tensor x = images;
  const bool recomputes = is_training() && at::GradMode::is_enabled();
  for (const Stage& stage : stages_) {
    x = recomputes && stage.is_recomputed ? run_again_later(stage, x) : stage.run(x);
  }
  return x;
}

at::Tensor Network::run_again_later(const Stage& stage, const at::Tensor& x) {
  RecomputedPart part{.run = stage.run, .parameters = {}, .buffers = {}};
  for (const auto& item : named_parameters()) {
    if (stage.has(item.key()) && item.value().requires_grad()) {
      part.parameters.push_back(item.value());
    }
  }
  for (const auto& item : named_buffers()) {
    if (stage.has(item.key())) part.buffers.push_back(item.value());
  }
  return recomputed(std::move(part), x);
}

bool Stage::has(const std::string& name) const {
  return std::ranges::any_of(
      parts, [&](const std::string& part) { return name == part || name.starts_with(part + "."); });
}

void Network::register_stages(const std::string& name, const Chain& chain,
                              const std::vector<std::size_t>& lasts) {
  register_module(name, chain);
  std::size_t first = 0;
  for (const std::size_t last : lasts) {
    std::vector<std::string> parts;
    for (std::size_t i = first; i <= last; ++i) parts.push_back(fmt::format("{}.{}", name, i));
    add_stage(
        fmt::format("{}.{}", name, last),
        [net = chain.ptr().get(), first, end = last + 1](const at::Tensor& x) {
          return net->run(x, first, end);
        },
        std::move(parts));
    first = last + 1;
  }
}

}  // namespace imgcls::models
