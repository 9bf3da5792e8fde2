#pragma once
// What a run saves: checkpoints to resume from, and the best weights. Internal to
// train/session.cpp.

#include <imgcls/dist/world.h>
#include <imgcls/log/run_folder.h>
#include <imgcls/train/checkpoint.h>
#include <imgcls/train/console_logger.h>
#include <imgcls/train/recipe/recipe.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace imgcls::train {

/// Saves a run, and finds what it goes on from. All ranks call its members alike; rank 0 writes.
class RunSaver {
 public:
  /// What becomes of a checkpoint that cannot be written: it is tried again at the next, or the run
  /// fails.
  enum class Saving { periodic, last };

  /// For the run whose files these are. `options`, `world` and `console` are kept by reference.
  RunSaver(RunFiles files, const CheckpointOptions& options, RunIdentity identity,
           dist::World& world, ConsoleLogger& console);

  /// The newest good checkpoint; empty without one. Throws AgreedError where there must be none.
  std::string find() const;
  /// Fills `training` from it and returns its position; see load_checkpoint. Call it inside
  /// agree().
  Position load(const std::string& checkpoint, const Training& training,
                std::vector<std::string>& changes);

  /// Whether there is a checkpoint.
  bool has_any() const { return any_; }
  /// Whether the newest checkpoint is that of `position`, or of its step.
  bool has(const Position& position) const;
  /// Whether the newest checkpoint is of that step.
  bool has_step(std::int64_t step) const { return saved_ && saved_->step == step; }

  /// What is to be saved has changed since the newest checkpoint, although the position has not.
  void outdate() { saved_.reset(); }
  /// Saves where `position` has no checkpoint yet. Throws AgreedError.
  void save(const Training& training, const Position& position, Saving saving);
  /// Replaces RunFiles::best by the weights that `counts` were found for. One that cannot be
  /// written is warned of.
  void save_best(const models::Model& model, Recipe& recipe, const Position& position,
                 const EvalCounts& counts);

  /// The folder of a step's checkpoint.
  std::filesystem::path path(std::int64_t step) const { return checkpoints_.path(step); }
  /// What a checkpoint is compared with before the run goes on from it.
  const RunIdentity& identity() const { return identity_; }
  /// Before anything is saved.
  void set_bits(Bits bits) { identity_.bits = std::move(bits); }

 private:
  void write(const Training& training, const Position& position);
  std::filesystem::path best_being_written() const { return files_.folder / ".best.tmp"; }

  RunFiles files_;
  CheckpointOptions options_;
  RunIdentity identity_;
  dist::World& world_;
  ConsoleLogger& console_;
  Checkpoints checkpoints_;
  std::optional<Position> saved_;  // the newest checkpoint's
  bool any_ = false;
  std::int64_t missed_ = -1;  // the step of the last one that could not be written; rank 0
};

}  // namespace imgcls::train
