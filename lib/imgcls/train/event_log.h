#pragma once
// A run as TensorBoard shows it: its curves as two runs, "train" and "val", so that a figure of
// both lies in one chart.
//
//   train  loss, lr, grad_norm, loss_scale, images_per_second, data_wait, memory_mib (steps.csv);
//          epoch_loss (train_log.csv); the configuration as text and as hyperparameters; the first
//          batch of a session as augmented; histograms of the parameters
//   val    loss, acc1, acc5 (train_log.csv); the worst mistakes' images

#include <imgcls/data/loader.h>
#include <imgcls/log/event_file.h>
#include <imgcls/log/step_log.h>
#include <imgcls/log/train_log.h>
#include <imgcls/models/model.h>

#include <cstdint>
#include <filesystem>
#include <string>

namespace imgcls::train {

class EventLog {
 public:
  /// Goes on after `step` steps, and after the evaluations up to `evaluated` (RunLogs). `config` is
  /// the configuration as JSON text; it may be empty. Throws IoError, as all members do; what could
  /// not be written is written with what comes next, or by `flush`.
  EventLog(const std::filesystem::path& folder, std::int64_t step, std::int64_t evaluated,
           const std::string& config);

  void step(const report::StepRow& row);
  /// What the model is shown: up to 64 images of the batch for step `step`.
  void augmented(const data::Batch& batch, std::int64_t step);
  /// An evaluation of `model`, whose files (train/eval_files.h) lie in `files`.
  void evaluation(const report::TrainLogRow& row, const std::filesystem::path& files,
                  const models::Model& model);
  void flush();

 private:
  void describe(const std::string& config, std::int64_t step);
  void add_mistakes(std::int64_t step, const std::filesystem::path& files);
  void add_parameters(std::int64_t step, const models::Model& model);

  report::EventFile train_, val_;
};

}  // namespace imgcls::train
