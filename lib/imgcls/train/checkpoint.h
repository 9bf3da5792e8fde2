#pragma once
// Checkpoints: all that a run needs to go on as if it had not stopped.
//
//   <folder>/step-0000012510/weights.safetensors     parameters and buffers
//                            optimizer.safetensors   moments
//                            average.safetensors     of an ingredient of the recipe, where it has
//                                                    one; so lawa.safetensors
//                            state.json              position, loss scale, configuration, versions
//                            manifest.json           SHA-256 of each of them
//
// A checkpoint is written under a temporary name, flushed to the disk and renamed, so that a folder
// of such a name is complete; its hashes are checked before it is used. Folders of other names,
// step-0000012510-best among them, are the user's and left alone.

#include <imgcls/core/log.h>
#include <imgcls/log/run_folder.h>
#include <imgcls/models/model.h>
#include <imgcls/optim/grad_scaler.h>
#include <imgcls/optim/optimizer.h>
#include <imgcls/optim/plateau.h>
#include <imgcls/train/best.h>
#include <imgcls/train/bits.h>
#include <imgcls/train/recipe/ingredient.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace imgcls::train {

/// Where a run stands.
struct Position {
  std::int64_t step = 0;        ///< optimizer steps done
  std::uint32_t epoch = 0;      ///< epochs completed, evaluation included
  std::size_t consumed = 0;     ///< samples consumed of the epoch's global order
  double elapsed_s = 0;         ///< time in the training loop, over all sessions
  double loss_sum = 0;          ///< of the epoch so far: sum over images of all ranks
  std::int64_t images = 0;      ///< of the epoch so far: images in loss_sum
  Best best = {};               ///< of the evaluations so far
  optim::Plateau plateau = {};  ///< what schedule.name=plateau remembers of them
  friend bool operator==(const Position&, const Position&) = default;
};

/// What must be the same when a run goes on.
struct RunIdentity {
  std::string config;            ///< the merged configuration as JSON text; empty: not checked
  std::string data_fingerprint;  ///< of the training source
  std::string teacher_fingerprint = {};  ///< of the model that is learnt from; empty: there is none
  Bits bits = {};                        ///< recorded; a difference is no reason to refuse (bits.h)
};

/// What is saved, or filled by loading. `scaler` is null unless fp16.
struct Training {
  const models::Model& model;   ///< parameters and buffers are saved, or filled in place
  optim::Optimizer& optimizer;  ///< with its moments
  optim::GradScaler* scaler;    ///< the loss scale; null unless fp16
  std::vector<IngredientState> recipe = {};  ///< what Recipe::state gives
};

/// The file of a checkpoint to evaluate and to use: the average's where there is one.
std::filesystem::path weights_to_use(const std::filesystem::path& checkpoint);

/// The checkpoints of a run's folder.
class Checkpoints {
 public:
  /// Keeps the newest `keep` in `folder`, which need not exist yet. `link`, unless it is empty, is
  /// a path beside the folder: a symbolic link to the newest one, where the file system has links.
  Checkpoints(std::filesystem::path folder, int keep, std::filesystem::path link = {});

  /// The folder that `save` makes for a step.
  std::filesystem::path path(std::int64_t step) const;

  /// Saves, then removes all but this one and the newest others up to `keep`; what cannot be
  /// removed is told to `log`. Returns its folder. Throws IoError where it cannot be written, and
  /// CheckpointError where a weight is no finite number; the checkpoints there were then remain.
  /// Called by one process, which holds the run's folder.
  std::filesystem::path save(const Training& training, const Position& position,
                             const RunIdentity& identity, const Log& log);

  /// Gives the checkpoint of `position.step` another position: an evaluation is done, nothing else
  /// has changed. Costs no copy of the weights where the file system has hard links. Throws IoError
  /// or CheckpointError; the checkpoint is then as it was.
  void move(const Position& position) const;

  /// The newest checkpoint whose files have the hashes of its manifest; what is broken is reported
  /// to `log` with the reason and passed over. Nothing when there is none. Changes nothing.
  std::optional<std::filesystem::path> newest_good(const Log& log) const;

  /// The steps of all good checkpoints, newest first; broken ones are reported likewise.
  std::vector<std::int64_t> good_steps(const Log& log) const;

  /// `newest_good` at the start of a process that holds the run's folder: what is broken is moved
  /// aside, to broken-step-*, and what a killed process left between two names is put right.
  std::optional<std::filesystem::path> recover(const Log& log) const;

 private:
  /// Those there are, newest first: by step, never by time.
  std::vector<std::int64_t> steps() const;
  void remove_old(std::int64_t written, const Log& log) const;
  void clean_up() const;
  std::filesystem::path temporary(std::int64_t step) const;
  void put_in_place(std::int64_t step) const;
  void link_to(std::int64_t step, const Log& log) const;

  std::filesystem::path folder_;
  int keep_;
  std::filesystem::path link_;
};

/// Fills model, optimizer and scaler from a checkpoint folder, and returns its position. Throws
/// CheckpointError when it belongs to another configuration (naming every key that differs) or
/// other data, WeightsError when the weights do not fit. Where `changes` is given, such differences
/// are no errors: each is added to it, as a sentence.
Position load_checkpoint(const std::filesystem::path& checkpoint, const Training& training,
                         const RunIdentity& identity, std::vector<std::string>* changes = nullptr);

}  // namespace imgcls::train
