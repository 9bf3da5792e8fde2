#include <imgcls/core/error.h>
#include <imgcls/core/file.h>
#include <imgcls/core/json_text.h>
#include <imgcls/core/sha256.h>
#include <imgcls/models/safetensors.h>
#include <imgcls/models/weights.h>
#include <imgcls/train/checkpoint_files.h>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/isfinite.h>
#include <ATen/ops/stack.h>
#include <fmt/format.h>

#include <array>
#include <map>
#include <nlohmann/json.hpp>
#include <span>
#include <system_error>
#include <vector>

namespace imgcls::train {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

constexpr std::string_view kOptimizerFile = "optimizer.safetensors", kStateFile = "state.json",
                           kManifestFile = "manifest.json";
/// What each checkpoint has; a recipe's ingredients may add others.
constexpr std::array kFiles{kWeightsFile, kOptimizerFile, kStateFile};

void write_text(const fs::path& path, const std::string& text) {
  write_synced(path, std::as_bytes(std::span(text)));
}

json read_json(const fs::path& path) {
  return parse_json(read_text(path));
}

std::string file_of(const std::string& ingredient) {
  return ingredient + ".safetensors";
}

/// The hashes of a manifest, by the files' names.
std::map<std::string, std::string> read_hashes(const fs::path& checkpoint) {
  return read_json(checkpoint / kManifestFile).at("sha256");
}

/// The loss of a step says nothing of the update that follows it.
void require_finite(const std::vector<models::NamedTensor>& weights) {
  const at::NoGradGuard no_grad;
  std::vector<at::Tensor> finite;
  for (const models::NamedTensor& each : weights) {
    finite.push_back(at::isfinite(each.tensor).all());
  }
  if (finite.empty()) return;
  const at::Tensor all = at::stack(finite).cpu();  // one wait for the device
  for (std::size_t i = 0; i < weights.size(); ++i) {
    if (all.const_data_ptr<bool>()[i]) continue;
    throw CheckpointError(fmt::format(
        "the training has diverged: {} is no longer made of finite numbers, and is not saved. "
        "The newest checkpoint is from before; try a lower optimizer.lr or a longer "
        "schedule.warmup_epochs.",
        weights[i].name));
  }
}

}  // namespace

void write_or_remove(const fs::path& folder, const std::function<void()>& write) {
  remove_tree(folder);
  make_folders(folder);
  try {
    write();
  } catch (...) {
    std::error_code ignored;
    fs::remove_all(folder, ignored);
    throw;
  }
}

void write_tensors(const fs::path& folder, const Training& training) {
  const std::vector<models::NamedTensor> weights = models::state(training.model);
  require_finite(weights);
  models::write_safetensors(folder / kWeightsFile, weights);
  models::write_safetensors(folder / kOptimizerFile, training.optimizer.state());
  for (const auto& [name, tensors] : training.recipe) {
    require_finite(tensors);
    models::write_safetensors(folder / file_of(name), tensors);
  }
}

void link_tensors(const fs::path& from, const fs::path& folder) {
  for (const auto& [name, hash] : read_hashes(from)) {
    if (name == kStateFile) continue;
    std::error_code error;
    fs::create_hard_link(from / name, folder / name, error);
    if (error) write_synced(folder / name, read_file(from / name));
  }
}

void write_state(const fs::path& folder, const json& state,
                 const std::optional<fs::path>& same_as) {
  write_text(folder / kStateFile, state.dump(2));
  std::map<std::string, std::string> hashes;
  if (same_as) hashes = read_hashes(*same_as);
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (same_as && name != kStateFile) continue;
    hashes[name] = sha256(read_file(folder / name));
  }
  write_text(folder / kManifestFile, json{{"format", 1}, {"sha256", hashes}}.dump(2));
}

json read_state(const fs::path& checkpoint) {
  try {
    return read_json(checkpoint / kStateFile);
  } catch (const DataError&) {
    throw CheckpointError(fmt::format("{} is broken", (checkpoint / kStateFile).string()));
  }
}

void load_optimizer(const fs::path& checkpoint, optim::Optimizer& optimizer) {
  optimizer.load_state(models::read_safetensors(checkpoint / kOptimizerFile));
}

void load_recipe(const fs::path& checkpoint, const std::vector<IngredientState>& recipe,
                 std::vector<std::string>* changes) {
  for (const auto& [name, tensors] : recipe) {
    const fs::path file = checkpoint / file_of(name);
    if (!fs::exists(file) && changes != nullptr) {
      changes->push_back(fmt::format("{} is not in the checkpoint: it starts anew", name));
      continue;
    }
    optim::fill_state(tensors, models::read_safetensors(file), "the " + name);
  }
}

std::string defect(const fs::path& checkpoint) {
  try {
    const std::map<std::string, std::string> hashes = read_hashes(checkpoint);
    for (const std::string_view name : kFiles) {
      if (!hashes.contains(std::string(name))) return fmt::format("{} is broken", kManifestFile);
    }
    for (const auto& [name, hash] : hashes) {
      if (name != fs::path(name).filename()) return fmt::format("{} is broken", kManifestFile);
      if (sha256(read_file(checkpoint / name)) != hash) {
        return fmt::format("{} does not have the SHA-256 of {}", name, kManifestFile);
      }
    }
    return "";
  } catch (const IoError& e) {
    return e.what();
  } catch (const DataError&) {
    return fmt::format("{} is broken", kManifestFile);
  } catch (const json::exception&) {
    return fmt::format("{} is broken", kManifestFile);
  }
}

}  // namespace imgcls::train
