#pragma once
// Functions of a program's own that a run calls as it goes, to show, decide or keep something. What
// writes a file or fills a page of figures is better a RunSink (train/run_sink.h), which is told of
// logged steps alone, also of what they used, and from where a run goes on.

#include <functional>

namespace imgcls::models {
class Model;
}

namespace imgcls::train {

struct EvalCounts;
struct Position;

/// A step. References are good during the call.
struct StepDone {
  const Position& position;  ///< after it: `position.step` is 1 for the run's first
  double loss;               ///< mean over the step's global batch, label smoothing included
  double lr;                 ///< of the step
  double images_per_second;  ///< of all ranks in this step, waits included, by this rank's clock
};

/// An epoch, its evaluation included; also the last one, where `max_steps` or `max_hours` cut it.
struct EpochDone {
  const Position& position;    ///< `position.epoch` counts those before it
  double loss;                 ///< mean over the epoch's images, label smoothing included
  const models::Model& model;  ///< as it is trained
};

/// An evaluation, after its row was logged.
struct EvaluationDone {
  const Position& position;    ///< `position.best` is of the evaluations before
  const EvalCounts& counts;    ///< of all ranks
  const models::Model& model;  ///< as it is trained, also where an average was evaluated
};

/// Functions of a program's own that a run calls. Each rank calls those that it was given, with the
/// same figures on all, so that they may use the world where every rank has them; what is to happen
/// once is given to rank 0 alone (`if (world->is_first())`). Figures come from a GPU while it does
/// the next step, so `step` is called one step late there, and the host is never more than a step
/// ahead.
///
/// What a callback throws ends the run on all ranks between two steps, as a dist::AgreedError of
/// the same words, after a checkpoint was saved; the same program goes on from there, with the step
/// after it, or with the evaluation that it was told of.
struct Callbacks {
  std::function<void(const StepDone&)> step = {};    ///< after each optimizer step
  std::function<void(const EpochDone&)> epoch = {};  ///< after each epoch's evaluation
  /// After each evaluation of the validation images.
  std::function<void(const EvaluationDone&)> evaluation = {};
};

}  // namespace imgcls::train
