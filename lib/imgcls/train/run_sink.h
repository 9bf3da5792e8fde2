#pragma once
// Where a run's figures go while it trains: one interface, behind which each file and each program
// that shows runs is a class of its own (train/run_sinks.cpp has the table).

#include <imgcls/data/loader.h>
#include <imgcls/data/source.h>
#include <imgcls/log/run_folder.h>
#include <imgcls/log/step_row.h>
#include <imgcls/log/train_log.h>
#include <imgcls/models/model.h>
#include <imgcls/train/checkpoint.h>
#include <imgcls/train/eval_details.h>
#include <imgcls/train/evaluate.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace imgcls::train {

struct RunOptions;

/// What a sink is made for: a run that goes on after `step` steps and after the evaluations up to
/// step `evaluated`, of which it keeps the figures and no later ones.
struct SinkContext {
  const RunFiles& files;      ///< the paths of the run's folder
  const RunOptions& options;  ///< of the run
  const data::Source& train;  ///< what is trained on; outlives the sink
  /// The last step, and the last evaluation's, that the sink may keep figures of.
  std::int64_t step = 0, evaluated = 0;
  const std::string& config;  ///< JSON text; may be empty
};

/// An evaluation of `model` on `source`.
struct EvaluationReport {
  const report::TrainLogRow& row;  ///< its row of train_log.csv
  const EvalCounts& counts;        ///< over all ranks
  const EvalDetails& details;      ///< summed over the ranks
  const data::Source& source;      ///< what was evaluated
  const models::Model& model;      ///< as it is trained
};

/// What keeps or shows a run's figures. Told on rank 0, in the order of things; each overrides what
/// it wants to know. A member may throw IoError: the training goes on, and what could not be
/// written is written with what comes next.
class RunSink {
 public:
  virtual ~RunSink() = default;
  RunSink() = default;
  RunSink(const RunSink&) = delete;
  RunSink& operator=(const RunSink&) = delete;

  /// The file or folder that messages name.
  virtual std::filesystem::path file() const = 0;

  /// Every `log.every` steps.
  virtual void step(const report::StepRow& row);
  /// The first batch of a session, for step `step`.
  virtual void first_batch(const data::Batch& batch, std::int64_t step);
  /// The samples of each step, the ranks' shares in order, as text; with log.samples only.
  virtual void samples(const Position& position, std::span<const std::string> shares);
  virtual void evaluation(const EvaluationReport& report);  ///< after each evaluation
  /// The session has ended after `time_s` of the run: it is complete, or goes on later. The last
  /// chance to write what could not be; throws where something is still missing.
  virtual void end(bool complete, double time_s);
};

/// Makes a sink; null where the options do not want it. A program adds its own to
/// RunOptions::sinks.
using SinkFactory = std::function<std::unique_ptr<RunSink>(const SinkContext&)>;

/// Those of the house, in the order in which they are told of an evaluation.
std::vector<SinkFactory> house_sinks();

}  // namespace imgcls::train
