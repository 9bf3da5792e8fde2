#pragma once
// Copies the data to a local disk before a run, where `data.stage_dir` asks for it.

#include <imgcls/dist/world.h>
#include <imgcls/train/data_options.h>

#include <filesystem>

namespace imgcls::train {

/// The folders of the run's data: where the options say they are, or where they were copied to.
struct DataFolders {
  std::filesystem::path train, val;  ///< the halves' folders
};

/// Copies the shards of training and validation to `data.stage_dir`, the ranks of a machine a part
/// each, and waits for all ranks; on the first rank shows how far that is. Copies nothing where
/// `data.stage_dir` is empty. A signal that asks the run to stop ends the copying: whole shards
/// stay for the next time, and the folders are those of the options. A collective; throws
/// dist::AgreedError.
DataFolders stage_data(const DataOptions& options, dist::World& world);

}  // namespace imgcls::train
