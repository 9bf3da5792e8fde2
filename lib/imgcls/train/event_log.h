#pragma once
// A run as TensorBoard shows it: its curves as two runs, of the run's name and "val" below it, so
// that a figure of both lies in one chart. Internal to train/.
//
//   train  loss, lr, grad_norm, loss_scale, images_per_second, data_wait, memory_mib (steps.csv);
//          epoch_loss (train_log.csv); the configuration as text and as hyperparameters; the first
//          batch of a session as augmented; histograms of the parameters
//   val    loss, acc1, acc5 (train_log.csv), of multi-label data loss, map, micro_f1, macro_f1; the
//          worst mistakes' images

#include <imgcls/log/event_file.h>
#include <imgcls/train/run_sink.h>

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

namespace imgcls::train {

/// The sink behind `log.tensorboard`: two event files, named as TensorBoard finds them.
class EventLog final : public RunSink {
 public:
  /// Throws IoError, as all members do; what could not be written is written with what comes next,
  /// or at the end.
  explicit EventLog(const SinkContext& context);

  std::filesystem::path file() const override { return file_; }
  void step(const report::StepRow& row) override;
  /// What the model is shown: up to 64 images of the batch.
  void first_batch(const data::Batch& batch, std::int64_t step) override;
  void evaluation(const EvaluationReport& report) override;
  void end(bool /*complete*/, double /*time_s*/) override { flush(); }

 private:
  void flush();
  void describe(const std::string& config, std::int64_t step);
  void add_mistakes(std::int64_t step);
  void add_parameters(std::int64_t step, const models::Model& model);

  std::filesystem::path file_, evaluation_;
  std::span<const report::EvalFigure> figures_;  // loss, and by what runs are compared, first
  report::EventFile train_, val_;
};

}  // namespace imgcls::train
