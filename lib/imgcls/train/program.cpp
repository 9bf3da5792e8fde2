#include <imgcls/core/error.h>
#include <imgcls/core/log.h>
#include <imgcls/dist/agree.h>
#include <imgcls/train/program.h>

#include <fmt/format.h>

#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string_view>

namespace imgcls::train {
namespace {

/// Whether this is the process that speaks, before there is a world to ask.
bool launched_first() {
  for (const char* variable : {"OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK"}) {
    if (const char* rank = std::getenv(variable)) return std::string_view(rank) == "0";
  }
  return true;
}

dist::LaunchOptions launch_options(const Config& config) {
  const nlohmann::json& j = config.json().at("dist");
  const std::string device = j.at("device");
  return {.device = device == "auto"  ? dist::DeviceKind::automatic
                    : device == "cpu" ? dist::DeviceKind::cpu
                                      : dist::DeviceKind::cuda,
          .timeout_s = j.at("timeout_s")};
}

int run_in_world(const Config& config, dist::World& world,
                 const std::function<int(const Config&, dist::World&)>& work) {
  try {
    return work(config, world);
  } catch (const dist::AgreedError& e) {
    if (world.is_first()) Log().error(e.what());
    return kFailure;
  } catch (const std::exception& e) {
    Log::quiet(world.size() > 1 ? fmt::format("rank {}: ", world.rank()) : "").error(e.what());
    if (world.size() > 1) world.abort(kFailure);
    return kFailure;
  }
}

}  // namespace

int run_program(std::span<const std::string> arguments,
                const std::function<int(const Config&, dist::World&)>& work) {
  try {
    const Config config = Config::load(arguments);
    const std::unique_ptr<dist::World> world = dist::launch(launch_options(config));
    return run_in_world(config, *world, work);
  } catch (const ConfigError& e) {
    if (launched_first()) Log().error(e.what());
    return kUsage;
  } catch (const Error& e) {
    if (launched_first()) Log().error(e.what());
    return kFailure;
  }
}

}  // namespace imgcls::train
