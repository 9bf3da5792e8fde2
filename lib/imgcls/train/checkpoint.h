#pragma once
// Checkpoints: all that a run needs to go on as if it had not stopped.
//
//   <folder>/step-0000012510/weights.safetensors     parameters and buffers
//                            optimizer.safetensors   moments
//                            state.json              position, loss scale, configuration, versions
//                            manifest.json           SHA-256 of each of the three
//
// A checkpoint is written under a temporary name, flushed to the disk and renamed, so that a folder
// named step-* is complete; its hashes are checked before it is used.

#include <imgcls/core/log.h>
#include <imgcls/models/model.h>
#include <imgcls/optim/grad_scaler.h>
#include <imgcls/optim/optimizer.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace imgcls::train {

/// Where a run stands.
struct Position {
  std::int64_t step = 0;     ///< optimizer steps done
  std::uint32_t epoch = 0;   ///< epochs completed, evaluation included
  std::size_t consumed = 0;  ///< samples consumed of the epoch's global order
  double elapsed_s = 0;      ///< time in the training loop, over all sessions
  double loss_sum = 0;       ///< of the epoch so far: sum over images of all ranks
  std::int64_t images = 0;   ///< of the epoch so far: images in loss_sum
  friend bool operator==(const Position&, const Position&) = default;
};

/// What must be the same when a run goes on.
struct RunIdentity {
  std::string config;            ///< the merged configuration as JSON text; empty: not checked
  std::string data_fingerprint;  ///< of the training source
};

/// What is saved, or filled by loading. `scaler` is null unless fp16.
struct Training {
  const models::Model& model;
  optim::Optimizer& optimizer;
  optim::GradScaler* scaler;
};

/// The checkpoints of a run's folder.
class Checkpoints {
 public:
  /// Keeps the newest `keep` in `folder`, which need not exist yet.
  Checkpoints(std::filesystem::path folder, int keep);

  /// The folder that `save` makes for a step.
  std::filesystem::path path(std::int64_t step) const;

  /// Saves, then removes what is older than the newest `keep`. Returns its folder. On failure
  /// throws IoError, and the checkpoints there were remain. Called by one rank.
  std::filesystem::path save(const Training& training, const Position& position,
                             const RunIdentity& identity);

  /// The newest checkpoint whose files have the hashes of its manifest; what is broken is reported
  /// to `log` with the reason and passed over. Nothing when there is none.
  std::optional<std::filesystem::path> newest_good(const Log& log) const;

 private:
  std::vector<std::filesystem::path> all() const;  // newest first
  std::filesystem::path folder_;
  int keep_;
};

/// Fills model, optimizer and scaler from a checkpoint folder, and returns its position. Throws
/// CheckpointError when it belongs to another configuration (naming the first key that differs) or
/// other data, WeightsError when the weights do not fit.
Position load_checkpoint(const std::filesystem::path& checkpoint, const Training& training,
                         const RunIdentity& identity);

}  // namespace imgcls::train
