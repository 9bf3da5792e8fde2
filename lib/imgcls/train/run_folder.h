#pragma once
// The folder of a run: one job at a time, and its files.
//
//   config.json     the merged configuration
//   train_log.csv   a row for each evaluation (report/train_log.h)
//   log.txt         what was said
//   checkpoints/    see train/checkpoint.h

#include <filesystem>
#include <memory>
#include <string_view>

namespace imgcls::train {

/// Holds a run's folder for this process.
class RunFolder {
 public:
  /// Creates the folder where it is absent and locks it. Throws IoError when it cannot be written,
  /// or when another job holds it.
  explicit RunFolder(std::filesystem::path path);
  ~RunFolder();
  RunFolder(const RunFolder&) = delete;
  RunFolder& operator=(const RunFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path checkpoints() const { return path_ / "checkpoints"; }
  std::filesystem::path train_log() const { return path_ / "train_log.csv"; }
  std::filesystem::path log() const { return path_ / "log.txt"; }
  std::filesystem::path config() const { return path_ / "config.json"; }

 private:
  std::filesystem::path path_;
  int lock_;
};

}  // namespace imgcls::train
