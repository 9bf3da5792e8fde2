#include <imgcls/core/file.h>
#include <imgcls/core/sha256.h>
#include <imgcls/train/rank_fields.h>

#include <fmt/format.h>
#include <torch/version.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

namespace imgcls::train {
namespace {

constexpr std::array<std::string_view, 6> kMayDiffer{"$schema",   "data.index",     "data.prefetch",
                                                     "data.root", "data.stage_dir", "data.threads"};

}  // namespace

std::vector<dist::Field> config_fields(const Config& config) {
  std::vector<dist::Field> fields;
  const nlohmann::json flat = config.json().flatten();
  for (const auto& [pointer, value] : flat.items()) {
    std::string path = pointer.substr(1);
    std::replace(path.begin(), path.end(), '/', '.');
    if (std::find(kMayDiffer.begin(), kMayDiffer.end(), path) != kMayDiffer.end()) continue;
    fields.push_back({path, value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)});
  }
  return fields;
}

std::vector<dist::Field> version_fields() {
  return {{"the version of imgcls", IMGCLS_VERSION},
          {"the version of LibTorch", TORCH_VERSION},
          {"the SHA-256 of the program", sha256(read_file("/proc/self/exe"))}};
}

std::vector<dist::Field> data_fields(std::string_view what, const data::Source& source) {
  return {{fmt::format("the number of {} images", what), std::to_string(source.size())},
          {fmt::format("the number of {} classes", what), std::to_string(source.classes().size())},
          {fmt::format("the fingerprint of the {} data", what), source.fingerprint()}};
}

std::vector<dist::Field> weights_fields(const std::filesystem::path& weights) {
  return {{"the SHA-256 of the weights", sha256(read_file(weights))}};
}

}  // namespace imgcls::train
