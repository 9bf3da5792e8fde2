#pragma once
// A run's evaluations: the data, the weights that are evaluated, and the progress that is shown.
// Internal to train/session.cpp.

#include <imgcls/data/loader.h>
#include <imgcls/dist/world.h>
#include <imgcls/train/console_logger.h>
#include <imgcls/train/evaluate.h>
#include <imgcls/train/replica.h>

#include <functional>
#include <memory>
#include <optional>

namespace imgcls::train {

/// Evaluates a replica's model between its steps, and prepares batch norm for it.
class RunEvaluator {
 public:
  /// On `source`, as the replica's options say. All are kept by reference.
  RunEvaluator(std::shared_ptr<const data::Source> source, Replica& replica, dist::World& world,
               ConsoleLogger& console);

  /// Computes batch norm's running statistics anew for the weights that are evaluated, over
  /// `eval.bn_images` training images of `position`'s epoch. Whether it did: not where that is 0,
  /// nor where a rank is to stop; then they are as before. All ranks call it.
  bool recompute_statistics(const Position& position, const std::function<bool()>& stopped);

  /// Evaluates what the recipe says is to be evaluated. `stopped` is asked some times a second
  /// whether this rank is to stop; where one is, the result is nothing. All ranks call it.
  std::optional<EvalCounts> evaluate(const Position& position, EvalDetails& details,
                                     const std::function<bool()>& stopped);

  const data::Source& source() const { return *source_; }  ///< what is evaluated
  /// Its loader, this rank's share of the batches.
  const data::Loader& loader() const { return *loader_; }
  /// How long the last one took.
  double seconds() const { return seconds_; }

 private:
  bool average_over(std::size_t batches, const Position& position,
                    const std::function<bool()>& stopped);

  std::shared_ptr<const data::Source> source_;
  Replica& replica_;
  dist::World& world_;
  ConsoleLogger& console_;
  std::unique_ptr<data::Loader> loader_;
  double seconds_ = 0;
};

}  // namespace imgcls::train
