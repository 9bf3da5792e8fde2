#pragma once
// One process at a time.

#include <imgcls/core/descriptor.h>

#include <filesystem>

namespace imgcls {

/// A lock (flock) on a file, for the life of this object. The system lets go of it when the process
/// ends, however it ends.
class FileLock {
 public:
  /// Who has the lock.
  enum class State {
    held,             ///< this object has it
    held_by_another,  ///< another object or process has it
    unsupported,      ///< the file system knows no locks: nobody can tell
  };

  /// Tries to lock `path`, which is created where it is absent, without waiting. Throws IoError
  /// when it cannot be opened for writing.
  explicit FileLock(const std::filesystem::path& path);

  State state() const { return state_; }  ///< as it was found when it was made

 private:
  Descriptor file_;
  State state_;
};

}  // namespace imgcls
