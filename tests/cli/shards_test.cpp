// Runs on tar files that other programs wrote.
#include "../support/tar_text.h"
#include "folder_data.h"

#include <imgcls/core/file.h>

#include <paths.h>
#include <catch2/catch.hpp>

using namespace imgcls;
using Catch::Matchers::Contains;
using test::FolderData;
using test::kImgcls;
using test::run_program;
using test::tar_member;
namespace fs = std::filesystem;

namespace {

/// The folder's images as a tar file: `KEY.left.jpg`, a second image beside it, and the class's
/// name.
void write_pairs(const fs::path& folder, const fs::path& tar) {
  std::string text;
  for (const char* colour : {"blue", "green", "red"}) {
    for (int i = 0; fs::exists(folder / colour / (std::to_string(i) + ".jpg")); ++i) {
      const std::string key = std::string(colour) + std::to_string(i);
      const std::string image = read_text(folder / colour / (std::to_string(i) + ".jpg"));
      text += tar_member("./._" + key + ".left.jpg", "AppleDouble");
      text += tar_member("./" + key + ".left.jpg", image);
      text += tar_member("./" + key + ".right.jpg", "no image");
      text += tar_member("./" + key + ".json", "{\"label\": \"" + std::string(colour) + "\"}");
    }
  }
  make_folders(tar.parent_path());
  replace_file(tar, text + test::tar_end());
}

}  // namespace

TEST_CASE("data.image_key says which image of a sample is trained on, with and without an index") {
  const FolderData data;
  for (const std::string half : {"train", "val"}) {
    write_pairs(data / "data" / half, data / "tars" / half / "a.tar");
  }
  const std::string tars = " data.format=shards data.root=" + (data / "tars").string();
  const auto ambiguous = run_program(data.train("none", tars));
  CHECK(ambiguous.code != 0);
  CHECK_THAT(ambiguous.output, Contains("a.tar: blue0.right.jpg") && Contains("data.image_key"));
  const std::string keyed = tars + " data.image_key=left.jpg";
  REQUIRE(run_program(data.train("folder")).code == 0);
  REQUIRE(run_program(data.train("plain", keyed)).code == 0);
  for (const std::string half : {"train", "val"}) {
    const std::string folder = (data / "tars" / half).string();
    REQUIRE(run_program(kImgcls + "prepare index --image-key left.jpg " + folder).code == 0);
    CHECK(run_program(kImgcls + "prepare index --check --image-key left.jpg " + folder).code == 0);
  }
  CHECK(run_program(data.train("indexed", keyed)).code == 0);
  const auto wrong = run_program(data.train("wrong", tars + " data.image_key=right.jpg"));
  CHECK(wrong.code != 0);
  CHECK_THAT(wrong.output, Contains("--image-key right.jpg"));
  const auto weights = [&](const std::string& run) {
    return read_file(data / (run + "/checkpoints/step-0000000010/weights.safetensors"));
  };
  CHECK(weights("plain") == weights("indexed"));
  CHECK(run_program(data.eval("plain")).code == 0);
  const auto no_shards = run_program(data.train("wrong", "data.image_key=jpg"));
  CHECK(no_shards.code == 2);
  CHECK_THAT(no_shards.output, Contains("data.format=shards"));

  const std::string bench =
      kImgcls + "bench data --threads 1 --crop 16 --epochs 1 --image-key left.jpg --root ";
  const auto measured = run_program(bench + (data / "tars/val").string());
  CHECK(measured.code == 0);
  CHECK_THAT(measured.output, Contains("27 images"));
  const auto unmeasured = run_program(bench + (data / "data/val").string());
  CHECK(unmeasured.code == 2);
  CHECK_THAT(unmeasured.output, Contains("--image-key left.jpg") && Contains("data/val"));

  const auto made =
      run_program(kImgcls + "prepare shards --image-key left.jpg " + (data / "tars/val").string() +
                  " --out " + (data / "made").string());
  CHECK(made.code == 0);
  CHECK_THAT(made.output, Contains("27 images"));
}

TEST_CASE("no tar file is left out in silence") {
  const FolderData data;
  write_pairs(data / "data/train", data / "tars/a.tar");
  fs::copy_file(data / "tars/a.tar", data / "b.tar");
  REQUIRE(run_program("gzip -c " + (data / "b.tar").string() + " > " +
                      (data / "tars/b.tar.gz").string())
              .code == 0);
  for (const std::string command : {"prepare index ", "bench data --root "}) {
    const auto refused = run_program(kImgcls + command + (data / "tars").string());
    CHECK(refused.code != 0);
    CHECK_THAT(refused.output, Contains("b.tar.gz") && Contains("prepare shards"));
  }
  const auto made = run_program(kImgcls + "prepare shards --image-key left.jpg " +
                                (data / "tars").string() + " --out " + (data / "out").string());
  CHECK(made.code == 0);
  CHECK_THAT(made.output, Contains("120 images"));
}
