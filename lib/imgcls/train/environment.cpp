#include <imgcls/core/cores.h>
#include <imgcls/core/file.h>
#include <imgcls/core/json_text.h>
#include <imgcls/core/machine.h>
#include <imgcls/train/environment.h>

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <torch/version.h>

#include <chrono>
#include <cmath>
#include <nlohmann/json.hpp>

namespace imgcls::train {
namespace {

using Json = nlohmann::ordered_json;

std::string now_utc() {
  const std::time_t now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(now));
}

/// The GPU of this rank, where it trains on one.
std::string gpu_of(const dist::World& world) {
  if (world.device() == "cpu") return "";
  const std::vector<std::string> gpus = gpu_names();
  return gpus.empty() ? "" : gpus.front();
}

Json describe(const dist::World& world, std::int64_t from_step, int shards, const Bits& bits) {
  return {{"started", now_utc()},
          {"from_step", from_step},
          {"command", command_line()},
          {"folder", std::filesystem::current_path().string()},
          {"imgcls", IMGCLS_VERSION},
          {"libtorch", TORCH_VERSION},
          {"compiler", __VERSION__},
          {"git_commit", git_commit(".")},
          {"host", host_name()},
          {"cpu", cpu_name()},
          {"cores", usable_cores()},
          {"memory_gib", std::round(memory_gib() * 10) / 10},
          {"device", world.device() == "cpu" ? "cpu" : "cuda"},
          {"gpu", gpu_of(world)},
          {"world_size", world.size()},
          {"backend", std::string(world.backend())},
          {"threads", std::stoi(bits.at("threads"))},
          {"shards", shards},
          {"processor", bits.at("processor")},
          {"convolutions", bits.at("convolutions")}};
}

}  // namespace

void record_session(const std::filesystem::path& file, const dist::World& world,
                    std::int64_t from_step, int shards, const Bits& bits,
                    std::span<const std::string> changes) {
  Json record;
  if (std::filesystem::exists(file)) {
    try {
      record = parse_json<Json>(read_text(file));
    } catch (const DataError&) {  // begun anew
    }
  }
  if (!record.is_object() || !record["sessions"].is_array()) record = {{"sessions", Json::array()}};
  Json session = describe(world, from_step, shards, bits);
  if (!changes.empty()) session["changes"] = changes;
  record["sessions"].push_back(std::move(session));
  replace_file(file, record.dump(1, ' ', false, Json::error_handler_t::replace) + "\n");
}

}  // namespace imgcls::train
