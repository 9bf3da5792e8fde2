#include <imgcls/core/error.h>
#include <imgcls/core/file.h>
#include <imgcls/core/free_keys.h>
#include <imgcls/core/schema.h>
#include <imgcls/core/sha256.h>
#include <imgcls/models/safetensors.h>
#include <imgcls/models/weights.h>
#include <imgcls/train/checkpoint.h>

#include <fmt/format.h>
#include <torch/version.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <string_view>

namespace imgcls::train {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

constexpr std::array<const char*, 3> kFiles{"weights.safetensors", "optimizer.safetensors",
                                            "state.json"};

/// With the defaults of keys that came after it was saved: these are what it had without saying.
json completed(const std::string& saved) {
  json config = json::parse(saved);
  try {
    json whole = config;
    check_and_complete(whole, [](std::string_view) { return std::string(); });
    return whole;
  } catch (const ConfigError&) {  // of a program's own keys
    return config;
  }
}

void check_config(const fs::path& checkpoint, const std::string& saved, const std::string& now) {
  if (saved.empty() || now.empty()) return;
  const json before = completed(saved).flatten(), after = json::parse(now).flatten();
  for (const auto& [pointer, value] : after.items()) {
    if (changes_no_result(pointer) || (before.contains(pointer) && before.at(pointer) == value))
      continue;
    std::string key = pointer.substr(1);
    std::replace(key.begin(), key.end(), '/', '.');
    throw CheckpointError(fmt::format(
        "{} was made with {} = {}, but the configuration says {}. Give the same value to go on, or "
        "another run.dir to start afresh.",
        checkpoint.string(), key, before.contains(pointer) ? before.at(pointer).dump() : "nothing",
        value.dump()));
  }
}

json manifest_of(const fs::path& folder) {
  json files = json::object();
  for (const char* name : kFiles) files[name] = sha256(read_file(folder / name));
  return {{"format", 1}, {"sha256", files}};
}

/// Why a checkpoint cannot be used; empty when it can.
std::string defect(const fs::path& folder) {
  try {
    const json manifest = json::parse(read_text(folder / "manifest.json"));
    for (const char* name : kFiles) {
      if (sha256(read_file(folder / name)) != manifest.at("sha256").at(name)) {
        return fmt::format("{} does not have the SHA-256 of manifest.json", name);
      }
    }
    return "";
  } catch (const IoError& e) {
    return e.what();
  } catch (const json::exception&) {
    return "manifest.json is broken";
  }
}

void write_text(const fs::path& path, const std::string& text) {
  write_synced(path, std::as_bytes(std::span(text)));
}

json state_json(const Training& training, const Position& p, const RunIdentity& identity) {
  json state = {{"step", p.step},
                {"epoch", p.epoch},
                {"consumed", p.consumed},
                {"elapsed_s", p.elapsed_s},
                {"loss_sum", p.loss_sum},
                {"images", p.images},
                {"config", identity.config},
                {"data_fingerprint", identity.data_fingerprint},
                {"model", training.model.name()},
                {"versions", {{"imgcls", IMGCLS_VERSION}, {"libtorch", TORCH_VERSION}}}};
  if (training.scaler) {
    state["loss_scale"] = training.scaler->current_scale();
    state["loss_scale_age"] = training.scaler->growth_tracker();
  }
  return state;
}

}  // namespace

Checkpoints::Checkpoints(fs::path folder, int keep) : folder_(std::move(folder)), keep_(keep) {}

fs::path Checkpoints::path(std::int64_t step) const {
  return folder_ / fmt::format("step-{:010}", step);
}

std::vector<fs::path> Checkpoints::all() const {
  std::vector<fs::path> found;
  std::error_code missing;
  for (const auto& entry : fs::directory_iterator(folder_, missing)) {
    if (entry.path().filename().string().starts_with("step-")) found.push_back(entry.path());
  }
  // By step, which the name gives with leading zeros; never by time.
  std::sort(found.begin(), found.end(), std::greater<>());
  return found;
}

fs::path Checkpoints::save(const Training& training, const Position& position,
                           const RunIdentity& identity) {
  make_folders(folder_);
  fs::path final_path = path(position.step);
  const fs::path temporary = folder_ / fmt::format(".step-{:010}.tmp", position.step);
  remove_tree(temporary);
  make_folders(temporary);
  models::write_safetensors(temporary / kFiles[0], models::state(training.model));
  models::write_safetensors(temporary / kFiles[1], training.optimizer.state());
  write_text(temporary / kFiles[2], state_json(training, position, identity).dump(2));
  write_text(temporary / "manifest.json", manifest_of(temporary).dump(2));
  sync_folder(temporary);
  replace_folder(temporary, final_path);

  const std::vector<fs::path> saved = all();
  for (std::size_t i = static_cast<std::size_t>(keep_); i < saved.size(); ++i) {
    remove_tree(saved[i]);
  }
  return final_path;
}

std::optional<fs::path> Checkpoints::newest_good(const Log& log) const {
  for (const fs::path& checkpoint : all()) {
    const std::string why = defect(checkpoint);
    if (why.empty()) return checkpoint;
    log.warn(fmt::format("checkpoint {} is broken ({}); trying the one before", checkpoint.string(),
                         why));
  }
  return std::nullopt;
}

Position load_checkpoint(const fs::path& checkpoint, const Training& training,
                         const RunIdentity& identity) {
  const json state = json::parse(read_text(checkpoint / "state.json"));
  check_config(checkpoint, state.at("config"), identity.config);
  if (state.at("data_fingerprint") != identity.data_fingerprint) {
    throw CheckpointError(fmt::format(
        "{} was made with other training data (fingerprint {}, now {}). Give it the same data to "
        "go on, or another run.dir to start afresh.",
        checkpoint.string(), state.at("data_fingerprint").get<std::string>().substr(0, 12),
        identity.data_fingerprint.substr(0, 12)));
  }
  models::load_weights(training.model, checkpoint / kFiles[0]);
  training.optimizer.load_state(models::read_safetensors(checkpoint / kFiles[1]));
  if (training.scaler) training.scaler->load(state.at("loss_scale"), state.at("loss_scale_age"));
  return {.step = state.at("step"),
          .epoch = state.at("epoch"),
          .consumed = state.at("consumed"),
          .elapsed_s = state.at("elapsed_s"),
          .loss_sum = state.at("loss_sum"),
          .images = state.at("images")};
}

}  // namespace imgcls::train
