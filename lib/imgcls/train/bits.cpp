#include <imgcls/core/machine.h>
#include <imgcls/kernels/fast_convolutions.h>
#include <imgcls/train/bits.h>
#include <imgcls/train/checkpoint_files.h>

#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <fmt/format.h>
#include <torch/version.h>

#include <nlohmann/json.hpp>

namespace imgcls::train {
namespace {

std::string processor(const dist::World& world) {
  if (world.device() != "cpu") {
    const std::vector<std::string> gpus = gpu_names();
    const auto local = static_cast<std::size_t>(world.local_rank());
    return local < gpus.size() ? gpus[local] : "";
  }
  return fmt::format("{} ({})", cpu_name(), at::get_cpu_capability());
}

/// What `now` has otherwise, as "NAME: VALUE SAYS, VALUE SAYS".
std::vector<std::string> differences(const Bits& before, const Bits& now, std::string_view where,
                                     std::string_view here) {
  std::vector<std::string> found;
  for (const auto& [name, value] : now) {
    const auto other = before.find(name);
    if (other == before.end() || other->second == value) continue;
    found.push_back(fmt::format("{}: {} {}, {} {}", name, other->second, where, value, here));
  }
  return found;
}

}  // namespace

Bits bits_of(const dist::World& world, bool fast_convolutions) {
  return {{"imgcls", IMGCLS_VERSION},
          {"libtorch", TORCH_VERSION},
          {"processor", processor(world)},
          {"threads", std::to_string(at::get_num_threads())},
          {"convolutions", std::string(kernels::convolution_path(fast_convolutions))}};
}

std::vector<std::string> changed_bits(const std::filesystem::path& checkpoint, const Bits& now) {
  const nlohmann::json state = read_state(checkpoint);
  if (!state.contains("bits")) return {};
  return differences(state.at("bits").get<Bits>(), now, "before", "now");
}

std::vector<std::string> different_bits(const Bits& mine, dist::World& world) {
  const std::vector<std::string> all = world.gather(nlohmann::json(mine).dump());
  std::vector<std::string> found;
  const Bits first = nlohmann::json::parse(all.front()).get<Bits>();
  for (std::size_t rank = 1; rank < all.size(); ++rank) {
    if (all[rank] == all.front()) continue;
    const Bits other = nlohmann::json::parse(all[rank]).get<Bits>();
    for (std::string& each :
         differences(first, other, "on rank 0", fmt::format("on rank {}", rank))) {
      found.push_back(std::move(each));
    }
  }
  return found;
}

}  // namespace imgcls::train
