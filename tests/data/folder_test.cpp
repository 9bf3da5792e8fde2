// Folders of images as torchvision's ImageFolder reads them.
#include "support.h"

#include <imgcls/core/error.h>
#include <imgcls/data/formats.h>
#include <imgcls/data/source.h>
#include <imgcls/image/encode.h>
#include <imgcls/prepare/check_data.h>
#include <imgcls/prepare/make_index.h>

#include <sys/stat.h>

#include <catch2/catch.hpp>

using namespace imgcls;
using namespace imgcls::data;
using Catch::Contains;
using support::TempFolder;
namespace fs = std::filesystem;

namespace {

void touch(const fs::path& path) {
  support::write(path, std::vector<std::uint8_t>{1, 2, 3});
}

std::vector<std::string> names(const Source& source, const fs::path& root) {
  std::vector<std::string> all;
  for (std::size_t i = 0; i < source.size(); ++i) {
    all.push_back(fs::path(source.name(i)).lexically_relative(root).string());
  }
  return all;
}

}  // namespace

TEST_CASE("A folder's classes and samples come in torchvision's order") {
  const TempFolder root;
  for (const char* name : {"b/2.JPEG", "b/10.jpg", "b/z/1.png", "b/z-a/1.png", "a/x.TIFF",
                           "B/x.webp", "a/notes.txt", "a/jpg", "readme.jpg"}) {
    touch(root / name);
  }
  fs::create_directory_symlink(root / "a", root / "c");
  const auto source = open_folder(root.path());
  CHECK(source->classes() == std::vector<std::string>{"B", "a", "b", "c"});
  CHECK(names(*source, root.path()) == std::vector<std::string>{"B/x.webp", "a/x.TIFF", "b/10.jpg",
                                                                "b/2.JPEG", "b/z/1.png",
                                                                "b/z-a/1.png", "c/x.TIFF"});
  CHECK(source->label(0) == 0);
  CHECK(source->label(5) == 2);
  CHECK(source->label(6) == 3);
  CHECK(std::get<std::vector<std::byte>>(source->read(1)).size() == 3);
}

TEST_CASE("A folder of IDX files is told by what it holds") {
  const TempFolder root;
  touch(root / "train-images-idx3-ubyte.gz");
  touch(root / "t10k-images.idx3-ubyte");
  CHECK_THROWS_WITH(open_folder(root.path()),
                    Contains("holds no class folders") &&
                        Contains("It holds IDX files such as t10k-images.idx3-ubyte, which "
                                 "data.format=idx reads"));
  CHECK_THROWS_WITH(find_halves(root.path(), "train", "val"),
                    Contains("IDX files such as t10k-images.idx3-ubyte, which cannot be checked"));
  CHECK(find_idx_images(root / "absent").empty());
}

TEST_CASE("A check of data ends where it is told to, while it lists, too") {
  const TempFolder root;
  for (const char* name : {"train/a/1.png", "train/b/2.png", "val/a/3.png", "val/b/4.png"}) {
    const std::vector<std::byte> file = encode_png(support::make_image(8, 8));
    support::write(root / name, {reinterpret_cast<const std::uint8_t*>(file.data()), file.size()});
  }
  const auto halves = find_halves(root.path(), "train", "val");
  REQUIRE(halves.size() == 2);
  for (int most = 0; most < 4; ++most) {  // it asks before each class
    int asked = 0;
    const DataCheck check =
        check_data(halves, {.go_on = [&](const WorkStatus&) { return asked++ < most; }});
    INFO(most);
    CHECK(check.stopped);
    CHECK(check.halves.size() == static_cast<std::size_t>(most / 2));
    CHECK(check.sizes.empty());
  }
  const DataCheck whole = check_data(halves, {});
  CHECK_FALSE(whole.stopped);
  CHECK(whole.sizes.size() == 4);
}

TEST_CASE("A packed tar file beside class folders is no shard") {
  const TempFolder root;
  touch(root / "a/1.jpg");
  touch(root / "images.tar.gz");
  CHECK(make_index(root.path(), {}).samples == 1);
}

TEST_CASE("A folder's images end as torchvision's do, in upper or lower case") {
  const TempFolder root;
  for (const char* end :
       {"jpg", "jpeg", "png", "ppm", "bmp", "pgm", "tif", "tiff", "webp", "PGM", "Tif", "JPeG"}) {
    touch(root / (std::string("a/") + end + "." + end));
  }
  for (const char* other : {"a/x.gif", "a/x.jpg.txt", "a/x.jpe", "a/x.jfif", "a/x.pnm"}) {
    touch(root / other);
  }
  CHECK(open_folder(root.path())->size() == 12);
}

TEST_CASE("Folders that begin with a dot are classes where they hold images, and named") {
  const TempFolder root;
  touch(root / "a/1.jpg");
  CHECK(open_folder(root.path())->remarks().empty());
  touch(root / ".git/config");
  touch(root / ".ipynb_checkpoints/deep/notes.txt");
  touch(root / ".thumbs/deep/1.jpg");
  for (const bool indexed : {false, true}) {
    if (indexed) make_index(root.path(), {});
    const auto source = open_folder(root.path());
    // Of torchvision's numbers: it would stop at the first two, which hold no image.
    if (!indexed) CHECK(source->classes() == std::vector<std::string>{".thumbs", "a"});
    const std::vector<std::string> remarks = source->remarks();
    REQUIRE(remarks.size() == 3);
    CHECK_THAT(remarks[0], Contains((root / ".git").string()) && Contains("passed over"));
    CHECK_THAT(remarks[1], Contains(".ipynb_checkpoints") && Contains("passed over"));
    CHECK_THAT(remarks[2], Contains(".thumbs") && Contains("is a class"));
  }
  fs::remove_all(root / ".thumbs");
  CHECK_THROWS_WITH(open_folder(root.path()), Contains(".thumbs is gone"));
}

TEST_CASE("A folder's fingerprint changes with names and sizes") {
  const TempFolder root;
  touch(root / "a/1.jpg");
  touch(root / "a/2.jpg");
  const std::string before = open_folder(root.path())->fingerprint();
  CHECK(before == open_folder(root.path())->fingerprint());
  support::write(root / "a/2.jpg", std::vector<std::uint8_t>{1});
  const std::string shorter = open_folder(root.path())->fingerprint();
  CHECK(shorter != before);
  fs::rename(root / "a/2.jpg", root / "a/3.jpg");
  CHECK(open_folder(root.path())->fingerprint() != shorter);
}

TEST_CASE("A folder that is missing, empty, or has an empty class is refused by name") {
  const TempFolder root;
  CHECK_THROWS_AS(open_folder(root / "gone"), DataError);
  CHECK_THROWS_WITH(open_folder(root / "gone"), Contains((root / "gone").string()));
  touch(root / "1.jpg");
  CHECK_THROWS_AS(open_folder(root / "1.jpg"), DataError);
  CHECK_THROWS_WITH(open_folder(root.path()), Contains("no class folders"));
  touch(root / "full/1.jpg");
  fs::create_directory(root / "void");
  CHECK_THROWS_AS(open_folder(root.path()), DataError);
  CHECK_THROWS_WITH(open_folder(root.path()), Contains((root / "void").string()));
}

TEST_CASE("A FIFO or a broken link among the images cannot be read, and nothing waits for it") {
  const TempFolder root;
  fs::create_directory(root / "a");
  REQUIRE(mkfifo((root / "a/1.jpg").c_str(), 0600) == 0);
  fs::create_symlink(root / "nowhere", root / "a/2.jpg");
  const auto source = open_folder(root.path());
  REQUIRE(source->size() == 2);
  CHECK_THROWS_WITH(source->read(0), Contains("1.jpg"));
  CHECK_THROWS_WITH(source->read(1), Contains("2.jpg"));
}

TEST_CASE("A link that leads back upwards is refused by name") {
  const TempFolder root;
  touch(root / "a/1.jpg");
  fs::create_directory_symlink(root / "a", root / "a/again");
  CHECK_THROWS_WITH(open_folder(root.path()), Contains("again") && Contains("leads back"));
}
