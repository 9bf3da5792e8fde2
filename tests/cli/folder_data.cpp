#include "folder_data.h"

#include <imgcls/core/file.h>

#include <paths.h>
#include <opencv2/imgcodecs.hpp>

namespace imgcls::test {
namespace {

const std::string kPrograms = IMGCLS_BINARY_DIR "/bin/";

const char* const kConfig = R"({
  "data": {"name": "colours"},
  "model": {"name": "resnet9", "width": 4},
  "augment": {"crop": "pad", "size": 16, "pad": 2},
  "eval": {"size": 16, "resize": 0, "batch": 5},
  "train": {"epochs": 2, "batch": 12, "threads": 1},
  "optimizer": {"lr": 0.05},
  "log": {"every": 1}
})";

void write_images(const std::filesystem::path& folder, int count, const cv::Scalar& colour) {
  make_folders(folder);
  for (int i = 0; i < count; ++i) {
    cv::Mat image(16, 16, CV_8UC3, colour);
    image(cv::Rect(i % 12, i % 11, 4, 4)).setTo(cv::Scalar(10 * i, 255 - 10 * i, 128));
    cv::imwrite((folder / (std::to_string(i) + ".jpg")).string(), image);
  }
}

}  // namespace

FolderData::FolderData() {
  const std::pair<const char*, cv::Scalar> classes[] = {
      {"blue", {200, 40, 40}}, {"green", {40, 200, 40}}, {"red", {40, 40, 200}}};
  for (const auto& [name, colour] : classes) {
    write_images(folder_ / "data" / "train" / name, 20, colour);
    write_images(folder_ / "data" / "val" / name, 9, colour);
  }
  replace_file(folder_ / "config.json", kConfig);
}

std::string FolderData::train(const std::string& run, const std::string& more) const {
  return kPrograms + "train_resnet50 " + (folder_ / "config.json").string() +
         " data.root=" + (folder_ / "data").string() + " run.dir=" + (folder_ / run).string() +
         " " + more;
}

std::string FolderData::eval(const std::string& run, const std::string& more) const {
  return kPrograms + "imgcls eval " + (folder_ / run).string() + " " + more;
}

std::string on_ranks(int ranks, const std::string& command) {
  return "mpirun -np " + std::to_string(ranks) + " " + command;
}

}  // namespace imgcls::test
