#include "folder_data.h"

#include <imgcls/core/file.h>
#include <imgcls/image/encode.h>
#include <imgcls/image/image.h>

#include <paths.h>
#include <algorithm>
#include <catch2/catch.hpp>

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

using Colour = std::array<int, 3>;  // red, green, blue

void paint(data::Image& image, data::Rect rect, const Colour& colour) {
  for (int y = rect.y; y < rect.y + rect.height; ++y) {
    std::uint8_t* pixel = image.row(y) + std::ptrdiff_t{rect.x} * 3;
    for (int x = 0; x < rect.width; ++x) {
      for (const int value : colour) *pixel++ = static_cast<std::uint8_t>(value);
    }
  }
}

void write_images(const std::filesystem::path& folder, int count, const Colour& colour) {
  constexpr int kSide = 16;
  make_folders(folder);
  for (int i = 0; i < count; ++i) {
    data::Image image{{kSide, kSide}, std::vector<std::uint8_t>(kSide * kSide * 3)};
    paint(image, {0, 0, kSide, kSide}, colour);
    paint(image, {i % 12, i % 11, 4, 4}, {128, 255 - 10 * i, 10 * i});
    write_unsynced(folder / (std::to_string(i) + ".jpg"), data::encode_jpeg(image));
  }
}

}  // namespace

FolderData::FolderData() {
  const std::pair<const char*, Colour> classes[] = {
      {"blue", {40, 40, 200}}, {"green", {40, 200, 40}}, {"red", {200, 40, 40}}};
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

std::string weights_hash(const std::filesystem::path& run) {
  const auto outcome = run_program(kImgcls + "weights hash " + run.string());
  REQUIRE(outcome.code == 0);
  REQUIRE(outcome.output.size() > 64);
  return outcome.output.substr(0, 64);
}

std::string on_ranks(int ranks, const std::string& command) {
  return "mpirun -np " + std::to_string(ranks) + " " + command;
}

}  // namespace imgcls::test
