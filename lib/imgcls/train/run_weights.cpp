#include <imgcls/core/error.h>
#include <imgcls/train/checkpoint.h>
#include <imgcls/train/checkpoint_files.h>
#include <imgcls/train/run_weights.h>

#include <fmt/format.h>

#include <system_error>

namespace imgcls::train {
namespace {

namespace fs = std::filesystem;

void require_run(const RunFiles& files) {
  const std::string folder = files.folder.string();
  std::error_code error;
  if (!fs::exists(files.folder, error)) {
    throw CheckpointError(fmt::format("there is no folder {}", folder));
  }
  if (!fs::is_directory(files.folder, error)) {
    throw CheckpointError(fmt::format("{} is a file; give the folder of a run", folder));
  }
  if (fs::exists(files.checkpoints(), error)) return;
  throw CheckpointError(
      fmt::format("{} is not a run's folder: there is no checkpoints/ in it", folder));
}

}  // namespace

fs::path weights_of_run(const RunFiles& files, RunWeights which, const Log& log) {
  require_run(files);
  if (which == RunWeights::best) {
    const fs::path best = files.best() / kWeightsFile;
    if (fs::exists(best)) return best;
    throw CheckpointError(
        fmt::format("{} does not exist: a run keeps its best weights with checkpoint.best=true",
                    best.string()));
  }
  const auto newest = Checkpoints(files.checkpoints(), 1).newest_good(log);
  if (newest) return weights_to_use(*newest);
  throw CheckpointError(fmt::format("{} holds no usable checkpoint", files.folder.string()));
}

fs::path weights_at(const fs::path& path, const Log& log) {
  std::error_code error;
  if (!fs::exists(path, error)) {
    throw CheckpointError(fmt::format("there is no file or folder {}", path.string()));
  }
  if (!fs::is_directory(path, error)) return path;
  if (fs::exists(path / kWeightsFile, error)) return weights_to_use(path);
  return weights_of_run({path}, RunWeights::newest, log);
}

}  // namespace imgcls::train
