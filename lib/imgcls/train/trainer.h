#pragma once
// A training run from beginning to end: epochs of steps, evaluation, logs, checkpoints, resuming.

#include <imgcls/data/source.h>
#include <imgcls/dist/world.h>
#include <imgcls/models/model.h>
#include <imgcls/train/checkpoint.h>
#include <imgcls/train/evaluate.h>
#include <imgcls/train/options.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

namespace imgcls::train {

/// How a call of `Trainer::run` ended.
struct TrainResult {
  Position position;  ///< where the run stands now
  /// The last evaluation of this session; nothing when there was none.
  std::optional<EvalCounts> eval;
  /// Mean loss over the images of the last epoch as far as it was trained, label smoothing
  /// included; nothing when there was nothing left to train.
  std::optional<double> train_loss = {};
  /// The signal that stopped the run after a checkpoint was saved; 0: it reached its end.
  int stopped_by = 0;
  /// The newest checkpoint.
  std::filesystem::path checkpoint;
  /// The weights of the best evaluation (`position.best`), where `checkpoint.best` asks for them;
  /// else empty.
  std::filesystem::path best = {};
};

/// Trains a model on a source. All ranks make one and call it alike; results lie in
/// `options.folder`, written by rank 0.
class Trainer {
 public:
  /// `train` and `val` have the same classes; the model's logits too. `config` is the configuration
  /// as JSON text, kept beside the results and compared when a run goes on; where it is empty, the
  /// options, the model and the sources make one (train/own_config.h). Throws dist::AgreedError
  /// when the parts do not fit together, ConfigError where an option is out of its range.
  Trainer(models::Model model, std::shared_ptr<const data::Source> train,
          std::shared_ptr<const data::Source> val, RunOptions options, dist::World& world,
          std::string config = "");
  ~Trainer();
  Trainer(const Trainer&) = delete;
  Trainer& operator=(const Trainer&) = delete;

  /// Trains to the end, or until a signal asks to stop (see train/termination_signals.h): then it
  /// saves first. Goes on from the newest checkpoint in the folder, also from the middle of an
  /// epoch. Throws Error; what was saved before remains.
  TrainResult run();

 private:
  class Session;
  std::unique_ptr<Session> session_;
};

/// Sets PyTorch up for a run: intra-op threads, deterministic algorithms, TF32, the seed from which
/// models draw their first weights, and glibc's malloc so that it keeps what a step frees. Call
/// before making a model.
void configure_torch(const RunOptions& options, const dist::World& world);

}  // namespace imgcls::train
