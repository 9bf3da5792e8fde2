#pragma once
// The folder of a run: one job at a time, and its files.
//
//   config.json     the merged configuration
//   classes.txt     the classes' names, in the order of their numbers
//   train_log.csv   a row for each evaluation (log/train_log.h)
//   steps.csv       a row every log.every steps (log/step_log.h)
//   eval/           the newest evaluation's details (train/eval_files.h)
//   augmented/      images of the newest session's first batch (train/run_sinks.cpp)
//   environment.json  what each session of the run ran on (train/environment.h)
//   events.out.tfevents.*, val/  what TensorBoard shows (train/event_log.h)
//   wandb/          what Weights & Biases takes, where log.wandb asks for it (log/wandb_run.h)
//   profile/        traces of the steps of profile.steps, a file a rank (train/step_profile.h)
//   samples.csv     the samples of each step, where log.samples asks for it (log/sample_log.h)
//   log.txt         what was said
//   checkpoints/    see train/checkpoint.h
//   last            a link to the newest checkpoint
//   best/           weights of the best evaluation, where checkpoint.best asks for it

#include <imgcls/core/file_lock.h>

#include <filesystem>
#include <string>

namespace imgcls::train {

/// Where the files of a run lie.
struct RunFiles {
  std::filesystem::path folder;  ///< the run's

  /// Folder of the checkpoints.
  std::filesystem::path checkpoints() const { return folder / "checkpoints"; }
  std::filesystem::path last() const { return folder / "last"; }  ///< link to the newest of them
  std::filesystem::path best() const { return folder / "best"; }  ///< folder of the best weights
  /// A row for each evaluation.
  std::filesystem::path train_log() const { return folder / "train_log.csv"; }
  /// A row every log.every steps.
  std::filesystem::path steps() const { return folder / "steps.csv"; }
  /// Folder of the newest evaluation's files.
  std::filesystem::path evaluation() const { return folder / "eval"; }
  /// Folder of augmented images.
  std::filesystem::path augmented() const { return folder / "augmented"; }
  /// What each session ran on.
  std::filesystem::path environment() const { return folder / "environment.json"; }
  /// Folders of the event files of training and of evaluations. TensorBoard calls a run by the path
  /// of these; a run that was begun with tensorboard/train and tensorboard/val goes on there.
  std::filesystem::path train_events() const;
  std::filesystem::path val_events() const;                         ///< likewise
  std::filesystem::path wandb() const { return folder / "wandb"; }  ///< folder for Weights & Biases
  /// The trace of that rank's profiled steps.
  std::filesystem::path trace(int rank) const {
    return folder / "profile" / ("rank" + std::to_string(rank) + ".json");
  }
  /// The samples of each step.
  std::filesystem::path samples() const { return folder / "samples.csv"; }
  std::filesystem::path log() const { return folder / "log.txt"; }  ///< what was said
  /// The merged configuration.
  std::filesystem::path config() const { return folder / "config.json"; }
  std::filesystem::path classes() const { return folder / "classes.txt"; }  ///< the classes' names
};

/// Holds a run's folder for this process.
class RunFolder {
 public:
  /// Creates the folder where it is absent, locks it, and puts right what a run that was killed
  /// left between two names. Throws IoError when it cannot be written, or when another job holds
  /// it.
  explicit RunFolder(const RunFiles& files);

  /// False where the file system has no locks, so that another job would not be noticed.
  bool is_locked() const;

 private:
  FileLock lock_;
};

}  // namespace imgcls::train
