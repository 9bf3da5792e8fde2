#pragma once
// A small image folder and the commands that train on it.

#include "../support/run_program.h"
#include "../support/temp_folder.h"

#include <paths.h>
#include <filesystem>
#include <string>

namespace imgcls::test {

/// How a command line of `imgcls` begins.
inline const std::string kImgcls = IMGCLS_BINARY_DIR "/bin/imgcls ";

/// Three classes of 16 x 16 JPEGs, told apart by their colour: 20 for training and 9 for evaluation
/// each.
class FolderData {
 public:
  FolderData();

  std::filesystem::path operator/(const std::string& name) const { return folder_ / name; }

  /// "train_resnet50" with this data and a network that trains in a second, writing to `run`.
  std::string train(const std::string& run, const std::string& more = "") const;
  /// "imgcls eval" of such a run.
  std::string eval(const std::string& run, const std::string& more = "") const;

 private:
  TempFolder folder_;
};

/// What `imgcls weights hash` says of a run's folder.
std::string weights_hash(const std::filesystem::path& run);

/// `command` on that many ranks.
std::string on_ranks(int ranks, const std::string& command);

}  // namespace imgcls::test
