#include <imgcls/core/error.h>
#include <imgcls/core/file.h>
#include <imgcls/log/run_folder.h>

#include <fmt/format.h>

#include <system_error>

namespace imgcls::train {
namespace {

/// Created first: the lock's file lies in it.
const std::filesystem::path& made(const std::filesystem::path& folder) {
  make_folders(folder);
  return folder;
}

bool has_folder_of_events(const std::filesystem::path& run) {
  std::error_code error;
  return std::filesystem::exists(run / "tensorboard", error);
}

}  // namespace

std::filesystem::path RunFiles::train_events() const {
  return has_folder_of_events(folder) ? folder / "tensorboard/train" : folder;
}

std::filesystem::path RunFiles::val_events() const {
  return has_folder_of_events(folder) ? folder / "tensorboard/val" : folder / "val";
}

RunFolder::RunFolder(const RunFiles& files) : lock_(made(files.folder) / ".lock") {
  if (lock_.state() == FileLock::State::held_by_another) {
    throw IoError(
        fmt::format("another job is writing into {}; wait for it, or choose another run.dir",
                    files.folder.string()));
  }
  finish_replacement(files.evaluation());
  finish_replacement(files.augmented());
  finish_replacement(files.best());
}

bool RunFolder::is_locked() const {
  return lock_.state() == FileLock::State::held;
}

}  // namespace imgcls::train
