#include <imgcls/core/error.h>
#include <imgcls/core/file.h>
#include <imgcls/models/weights.h>
#include <imgcls/train/checkpoint.h>
#include <imgcls/train/checkpoint_files.h>
#include <imgcls/train/config_changes.h>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <torch/version.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <nlohmann/json.hpp>
#include <string_view>
#include <system_error>

namespace imgcls::train {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

std::string name_of(std::int64_t step) {
  return fmt::format("step-{:010}", step);
}

/// The step of a checkpoint's folder of exactly that name, with `head` before and `tail` after it.
std::optional<std::int64_t> step_of(std::string_view name, std::string_view head = "",
                                    std::string_view tail = "") {
  if (!name.starts_with(head) || !name.ends_with(tail)) return std::nullopt;
  if (name.size() < head.size() + tail.size()) return std::nullopt;
  name = name.substr(head.size(), name.size() - head.size() - tail.size());
  constexpr std::string_view kStep = "step-";
  if (!name.starts_with(kStep)) return std::nullopt;
  std::int64_t step = 0;
  const char* end = name.data() + name.size();
  const auto [read_to, error] = std::from_chars(name.data() + kStep.size(), end, step);
  if (error != std::errc() || read_to != end || step < 0 || name != name_of(step)) {
    return std::nullopt;
  }
  return step;
}

std::vector<std::string> names_in(const fs::path& folder) {
  std::vector<std::string> names;
  std::error_code missing;
  for (const auto& entry : fs::directory_iterator(folder, missing)) {
    names.push_back(entry.path().filename().string());
  }
  return names;
}

json best_json(const Best& best) {
  if (best.step < 0) return nullptr;
  return {{"step", best.step},
          {"metric", name_in(kMetrics, best.metric)},
          {"value", best.value},
          {"since", best.since}};
}

/// None where nothing was compared, and in checkpoints from before there was a best.
Best read_best(const json& state) {
  const json best = state.value("best", json());
  if (best.is_null()) return {};
  return {.step = best.at("step"),
          .metric = value_in(kMetrics, best.at("metric").get<std::string>()),
          .value = best.at("value"),
          .since = best.at("since")};
}

json plateau_json(const optim::Plateau& plateau) {
  if (plateau.step < 0) return nullptr;
  return {{"step", plateau.step},
          {"best", plateau.best ? json(*plateau.best) : json()},
          {"bad", plateau.bad},
          {"cooldown", plateau.cooldown},
          {"reductions", plateau.reductions}};
}

/// None where the schedule does not go by evaluations, and in checkpoints from before one did.
optim::Plateau read_plateau(const json& state) {
  const json plateau = state.value("plateau", json());
  if (plateau.is_null()) return {};
  const json& best = plateau.at("best");
  return {.step = plateau.at("step"),
          .best = best.is_null() ? std::nullopt : std::optional(best.get<double>()),
          .bad = plateau.at("bad"),
          .cooldown = plateau.at("cooldown"),
          .reductions = plateau.at("reductions")};
}

json position_json(const Position& p) {
  return {{"step", p.step},
          {"epoch", p.epoch},
          {"consumed", p.consumed},
          {"elapsed_s", p.elapsed_s},
          {"loss_sum", p.loss_sum},
          {"images", p.images},
          {"best", best_json(p.best)},
          {"plateau", plateau_json(p.plateau)}};
}

json state_json(const Training& training, const Position& position, const RunIdentity& identity) {
  json state = position_json(position);
  state.update({{"config", identity.config},
                {"data_fingerprint", identity.data_fingerprint},
                {"teacher_fingerprint", identity.teacher_fingerprint},
                {"model", training.model.name()},
                {"versions", {{"imgcls", IMGCLS_VERSION}, {"libtorch", TORCH_VERSION}}},
                {"bits", identity.bits}});
  if (training.scaler) {
    state["loss_scale"] = training.scaler->current_scale();
    state["loss_scale_age"] = training.scaler->growth_tracker();
  }
  return state;
}

/// Aside, under a name that nothing has.
fs::path name_for_broken(const fs::path& folder, std::int64_t step) {
  const fs::path name = folder / fmt::format("broken-{}", name_of(step));
  fs::path free = name;
  for (int copy = 2; fs::exists(fs::symlink_status(free)); ++copy) {
    free = fmt::format("{}-{}", name.string(), copy);
  }
  return free;
}

/// How messages speak of what a run is given.
struct Fingerprinted {
  const char *name, *other, *same;
};

std::string fingerprint_text(const std::string& fingerprint) {
  return fingerprint.empty() ? "none" : fingerprint.substr(0, 12);
}

void check_fingerprint(const fs::path& checkpoint, const Fingerprinted& given,
                       const std::string& before, const std::string& now,
                       std::vector<std::string>* changes) {
  if (before == now) return;
  if (changes == nullptr) {
    throw CheckpointError(fmt::format(
        "{} was made with {} (fingerprint {}, now {}). Give it {} to go on, or "
        "checkpoint.resume=changed to go on with the new, or another run.dir to start afresh.",
        checkpoint.string(), given.other, fingerprint_text(before), fingerprint_text(now),
        given.same));
  }
  changes->push_back(fmt::format("{}: fingerprint {} before, {} now", given.name,
                                 fingerprint_text(before), fingerprint_text(now)));
}

void check_identity(const fs::path& checkpoint, const json& state, const RunIdentity& identity,
                    std::vector<std::string>* changes) {
  std::vector<std::string> differences;
  for (const ConfigChange& change :
       config_changes(state.at("config").get<std::string>(), identity.config)) {
    differences.push_back(
        fmt::format("{}: {} before, {} now", change.key, change.before, change.now));
  }
  if (changes != nullptr) {
    changes->insert(changes->end(), differences.begin(), differences.end());
  } else if (!differences.empty()) {
    const bool one = differences.size() == 1;
    throw CheckpointError(fmt::format(
        "{} was made with another configuration ({}). Give the same value{} to go on, or "
        "checkpoint.resume=changed to go on with the new one{}, or another run.dir to start "
        "afresh.",
        checkpoint.string(), fmt::join(differences, "; "), one ? "" : "s", one ? "" : "s"));
  }
  check_fingerprint(checkpoint, {"training data", "other training data", "the same data"},
                    state.at("data_fingerprint"), identity.data_fingerprint, changes);
  // Checkpoints of before there were teachers have none.
  check_fingerprint(checkpoint, {"teacher", "another teacher", "the same teacher"},
                    state.value("teacher_fingerprint", ""), identity.teacher_fingerprint, changes);
}

}  // namespace

Checkpoints::Checkpoints(fs::path folder, int keep, fs::path link)
    : folder_(std::move(folder)), keep_(keep), link_(std::move(link)) {}

fs::path Checkpoints::path(std::int64_t step) const {
  return folder_ / name_of(step);
}

fs::path Checkpoints::temporary(std::int64_t step) const {
  return folder_ / fmt::format(".{}.tmp", name_of(step));
}

std::vector<std::int64_t> Checkpoints::steps() const {
  std::vector<std::int64_t> found;
  for (const std::string& name : names_in(folder_)) {
    if (const auto step = step_of(name)) found.push_back(*step);
  }
  std::sort(found.begin(), found.end(), std::greater<>());
  return found;
}

fs::path Checkpoints::save(const Training& training, const Position& position,
                           const RunIdentity& identity, const Log& log) {
  make_folders(folder_);
  const fs::path making = temporary(position.step);
  write_or_remove(making, [&] {
    write_tensors(making, training);
    write_state(making, state_json(training, position, identity));
    put_in_place(position.step);
  });
  link_to(position.step, log);
  remove_old(position.step, log);
  return path(position.step);
}

void Checkpoints::move(const Position& position) const {
  const fs::path from = path(position.step), making = temporary(position.step);
  json state = read_state(from);
  state.update(position_json(position));
  write_or_remove(making, [&] {
    link_tensors(from, making);
    write_state(making, state, from);
    put_in_place(position.step);
  });
}

void Checkpoints::put_in_place(std::int64_t step) const {
  sync_folder(temporary(step));
  replace_folder(temporary(step), path(step));
}

/// For people; nothing depends on it.
void Checkpoints::link_to(std::int64_t step, const Log& log) const {
  if (link_.empty()) return;
  const fs::path target = folder_.filename() / name_of(step);
  std::error_code none;
  if (fs::read_symlink(link_, none) == target) return;
  try {
    replace_link(target, link_);
  } catch (const IoError& e) {
    log.warn(fmt::format("{}; it would lead to the newest checkpoint", e.what()));
  }
}

void Checkpoints::remove_old(std::int64_t written, const Log& log) const {
  int kept = 1;
  for (const std::int64_t step : steps()) {
    if (step == written || kept++ < keep_) continue;
    try {
      remove_tree(path(step));
    } catch (const IoError& e) {
      log.warn(fmt::format("{}; the checkpoint is no longer needed", e.what()));
    }
  }
}

std::optional<fs::path> Checkpoints::newest_good(const Log& log) const {
  for (const std::int64_t step : steps()) {
    const std::string why = defect(path(step));
    if (why.empty()) return path(step);
    log.warn(fmt::format("checkpoint {} is broken ({}); trying the one before", path(step).string(),
                         why));
  }
  return std::nullopt;
}

std::vector<std::int64_t> Checkpoints::good_steps(const Log& log) const {
  std::vector<std::int64_t> good;
  for (const std::int64_t step : steps()) {
    const std::string why = defect(path(step));
    if (why.empty()) {
      good.push_back(step);
    } else {
      log.warn(fmt::format("checkpoint {} is broken ({})", path(step).string(), why));
    }
  }
  return good;
}

std::optional<fs::path> Checkpoints::recover(const Log& log) const {
  clean_up();
  for (const std::int64_t step : steps()) {
    const std::string why = defect(path(step));
    if (why.empty()) {
      link_to(step, log);
      return path(step);
    }
    const fs::path aside = name_for_broken(folder_, step);
    std::error_code error;
    fs::rename(path(step), aside, error);
    const std::string done = error ? fmt::format("cannot be moved aside: {}", error.message())
                                   : fmt::format("is now {}", aside.filename().string());
    log.warn(fmt::format("checkpoint {} is broken ({}) and {}; trying the one before",
                         path(step).string(), why, done));
  }
  return std::nullopt;
}

void Checkpoints::clean_up() const {
  for (const std::string& name : names_in(folder_)) {
    if (const auto step = step_of(name, ".", ".old")) finish_replacement(path(*step));
    if (step_of(name, ".", ".tmp")) remove_tree(folder_ / name);
  }
}

fs::path weights_to_use(const fs::path& checkpoint) {
  const fs::path average = checkpoint / "average.safetensors";
  return fs::exists(average) ? average : checkpoint / kWeightsFile;
}

Position load_checkpoint(const fs::path& checkpoint, const Training& training,
                         const RunIdentity& identity, std::vector<std::string>* changes) {
  const json state = read_state(checkpoint);
  check_identity(checkpoint, state, identity, changes);
  models::load_weights(training.model, checkpoint / kWeightsFile);
  load_optimizer(checkpoint, training.optimizer);
  load_recipe(checkpoint, training.recipe, changes);
  if (training.scaler && state.contains("loss_scale")) {  // absent where it went on with fp16
    training.scaler->load(state.at("loss_scale"), state.at("loss_scale_age"));
  }
  return {.step = state.at("step"),
          .epoch = state.at("epoch"),
          .consumed = state.at("consumed"),
          .elapsed_s = state.at("elapsed_s"),
          .loss_sum = state.at("loss_sum"),
          .images = state.at("images"),
          .best = read_best(state),
          .plateau = read_plateau(state)};
}

}  // namespace imgcls::train
