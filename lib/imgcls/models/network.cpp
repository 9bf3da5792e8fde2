#include <imgcls/models/network.h>

#include <fmt/format.h>

namespace imgcls::models {

at::Tensor Network::forward(const at::Tensor& images) {
  at::Tensor x = images;
  for (const Stage& stage : stages_) x = stage.run(x);
  return x;
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
