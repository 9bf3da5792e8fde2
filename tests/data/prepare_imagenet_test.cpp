// ImageNet from archives of its form, whole and interrupted.
#include "imagenet_support.h"

#include <imgcls/data/source.h>
#include <imgcls/prepare/imagenet/meta_bin.h>
#include <imgcls/prepare/imagenet/shard_sink.h>

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <random>
#include <set>
#include <thread>

using namespace imgcls;
using namespace imgcls::test;
using Catch::Contains;

namespace {

std::size_t count_images(const fs::path& folder) {
  std::size_t count = 0;
  std::error_code moving;  // what is counted is being made, and renamed
  for (fs::recursive_directory_iterator entry(folder, moving), end; entry != end && !moving;
       entry.increment(moving)) {
    if (entry->path().extension() == ".JPEG") ++count;
  }
  return count;
}

/// Runs `prepare` in a process of its own, ended by SIGKILL when there are so many images in OUT,
/// unless it has ended before. Whether it was killed.
bool prepare_and_kill(const PrepareImageNetOptions& options, std::size_t images) {
  const pid_t child = ::fork();
  if (child == 0) {
    try {
      prepare(options);
    } catch (...) {
      ::_exit(1);
    }
    ::_exit(0);
  }
  int status = 0;
  while (::waitpid(child, &status, WNOHANG) == 0) {
    if (count_images(options.out) < images) continue;
    ::kill(child, SIGKILL);
    ::waitpid(child, &status, 0);
    break;
  }
  REQUIRE((WIFSIGNALED(status) || WEXITSTATUS(status) == 0));
  return WIFSIGNALED(status);
}

}  // namespace

TEST_CASE("archives become ImageNet's folders, with as many threads as there may be") {
  const ImageNetArchives archives(25, 1100);
  for (const int threads : {1, 8}) {
    const TempFolder out;
    auto options = options_for(archives, out / "deep/Imagenet");
    options.threads = threads;
    CHECK(prepare(options) == End::complete);
    check_tree(options.out, archives);
    const auto meta = read_meta_bin(read_file(options.out / "meta.bin"), "meta.bin");
    CHECK(meta.classes.size() == 4);
    CHECK(meta.val_wnids.size() == 1100);
    CHECK(meta.val_wnids[7] ==
          kWnids[static_cast<std::size_t>(ImageNetArchives::val_label(8) - 1)]);
    const auto train = open_folder(options.out / "train");
    CHECK(train->size() == 100);
    CHECK(train->classes() == open_folder(options.out / "val")->classes());
  }
}

TEST_CASE("what is complete is not made again, and needs no archive") {
  const ImageNetArchives archives;
  const TempFolder out;
  const auto options = options_for(archives, out.path());
  REQUIRE(prepare(options) == End::complete);
  const auto changed = fs::last_write_time(out / "train/n01440764");
  for (const std::string& name : {kTrainTar, kValTar, kDevkitTar}) fs::remove(archives / name);
  out.write("train/imgcls.index", "an index may be there");
  CHECK(prepare(options) == End::was_complete);
  CHECK(fs::last_write_time(out / "train/n01440764") == changed);
  fs::remove(out / "train/n01440764/n01440764_11.JPEG");
  CHECK_THAT(refusal(options), Contains("train was made with 20 images of 4 classes") &&
                                   Contains("now holds 19 images of 4 classes"));
  remove_tree(out / "train");
  CHECK_THAT(refusal(options), Contains(kTrainTar + ": No such file"));
}

TEST_CASE("a split that was removed is made again") {
  const ImageNetArchives archives;
  const TempFolder out;
  const auto options = options_for(archives, out.path());
  REQUIRE(prepare(options) == End::complete);
  remove_tree(out / "val");
  CHECK(prepare(options) == End::complete);
  check_tree(out.path(), archives);
}

TEST_CASE("one split can be made alone, and the other one later") {
  const ImageNetArchives archives;
  const TempFolder out;
  auto options = options_for(archives, out.path());
  const std::string train = bytes_of(archives / kTrainTar);
  fs::remove(archives / kTrainTar);
  CHECK_THAT(refusal(options), Contains(kTrainTar + ": No such file"));
  CHECK(fs::is_empty(out.path()));  // looked at before anything is made
  options.splits = {"val"};
  CHECK(prepare(options) == End::complete);
  CHECK(fs::exists(out / "val"));
  CHECK(!fs::exists(out / "train"));
  CHECK(prepare(options) == End::was_complete);
  archives.write(kTrainTar, train);
  options.splits = {"val", "train"};
  CHECK(prepare(options) == End::complete);
  check_tree(out.path(), archives);
}

TEST_CASE("what a run killed at its very end has left is removed by the next one") {
  const ImageNetArchives archives;
  const TempFolder out;
  auto options = options_for(archives, out.path());
  REQUIRE(prepare(options) == End::complete);
  make_folders(out / ".unfinished");
  out.write(".unfinished/train.journal", "");
  options.splits = {"val"};  // the other split may be in the making
  CHECK(prepare(options) == End::was_complete);
  CHECK(fs::exists(out / ".unfinished/train.journal"));
  options.splits = {"val", "train"};
  CHECK(prepare(options) == End::was_complete);
  check_tree(out.path(), archives);
}

TEST_CASE("a run that is stopped leaves nothing by its final name, and goes on") {
  const ImageNetArchives archives(40, 1100);
  const TempFolder out;
  auto options = options_for(archives, out.path());
  int asked = 0;
  CHECK(prepare(options, [&](const PrepareImageNetStatus& status) {
          CHECK(status.split == "val");
          CHECK(status.total == fs::file_size(archives / kValTar));
          return ++asked < 1;
        }) == End::stopped);
  CHECK(!fs::exists(out / "val"));
  CHECK(prepare(options) == End::complete);
  check_tree(out.path(), archives);
}

TEST_CASE("a run killed at any moment goes on, and ends with the same tree") {
  const char* samples = std::getenv("IMGCLS_SAMPLES");
  std::vector<std::string> images;
  if (samples) {
    for (const auto& [name, bytes] : tree_of(samples)) {
      if (name.ends_with(".JPEG") || name.ends_with(".jpg")) images.push_back(bytes);
    }
    REQUIRE(images.size() > 100);
  } else {
    WARN("IMGCLS_SAMPLES is not set: made-up images instead of photographs");
  }
  const int kVal = 1200;
  const ImageNetArchives archives(50, kVal, 4000, images);
  std::mt19937 random(5);
  for (const bool verify : {true, false}) {
    const TempFolder whole;
    auto options = options_for(archives, whole.path());
    options.verify = verify;
    REQUIRE(prepare(options) == End::complete);
    check_tree(whole.path(), archives);

    const TempFolder out;
    options.out = out.path();
    int kills = 0;
    for (int i = 0; i < 100 && kills < 10; ++i) {
      const std::size_t there = count_images(out.path());
      if (prepare_and_kill(options, there + random() % 300)) {
        ++kills;
      } else {  // it was complete sooner: once more
        check_tree(out.path(), archives);
        remove_tree(out.path());
        continue;
      }
      // What has its name is whole.
      for (const std::string split : {"train", "val"}) {
        if (!fs::exists(out / split)) continue;
        for (const auto& [name, bytes] : archives.expected()) {
          if (name.starts_with(split + "/")) REQUIRE(bytes_of(out / name) == bytes);
        }
      }
    }
    CHECK(kills == 10);
    CHECK(prepare(options) != End::stopped);
    check_tree(out.path(), archives);
    CHECK(bytes_of(out / "imagenet.json") == bytes_of(whole / "imagenet.json"));
    CHECK(!fs::exists(out / ".unfinished"));
  }
}

TEST_CASE("images of complete groups are not written again, damaged and incomplete ones are") {
  const ImageNetArchives archives(10, 7);
  const TempFolder out;
  auto options = options_for(archives, out.path());
  options.splits = {"train"};
  // The last class is missing: an error after three classes.
  const std::string train = bytes_of(archives / kTrainTar);
  const std::size_t last =
      train.size() - tar_member("x", archives.train_tars.at("n02100735")).size();
  archives.write(kTrainTar, train.substr(0, last - 1024) + std::string(3000, 'x'));
  const auto changed = fs::last_write_time(archives / kTrainTar);
  options.verify = false;
  CHECK_THAT(refusal(options), Contains("not a usable tar archive"));
  const fs::path unfinished = out / ".unfinished/train";
  REQUIRE(fs::exists(unfinished / "n02119789/n02119789_11.JPEG"));
  const auto written_at = [](const fs::path& path) {
    struct stat status {};
    ::stat(path.c_str(), &status);
    return std::pair(status.st_mtim.tv_sec, status.st_mtim.tv_nsec);
  };
  const auto kept = written_at(unfinished / "n01440764/n01440764_11.JPEG");
  fs::resize_file(unfinished / "n01440764/n01440764_22.JPEG", 3);
  fs::remove(unfinished / "n01440764/n01440764_33.JPEG");
  archives.write(kTrainTar, train);
  fs::last_write_time(archives / kTrainTar, changed);
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  SECTION("the same archive, as far as can be seen") {
    // The journal counts only for an archive of the same size and time: say that it is this one.
    std::string journal = bytes_of(out / ".unfinished/train.journal");
    const auto line = journal.find('\n');
    journal = fmt::format("imgcls 1 folders {} bytes, changed {}", train.size(),
                          journal.substr(journal.find("changed ") + 8,
                                         line - journal.find("changed ") - 8)) +
              journal.substr(line) + "n02100735 torn line without its end";
    out.write(".unfinished/train.journal", journal);
    CHECK(prepare(options) == End::complete);
    CHECK(written_at(out / "train/n01440764/n01440764_11.JPEG") == kept);
  }
  SECTION("another archive: all is made anew") {
    CHECK(prepare(options) == End::complete);
    CHECK(written_at(out / "train/n01440764/n01440764_11.JPEG") != kept);
  }
  for (const auto& [name, bytes] : archives.expected()) {
    if (name.starts_with("train/")) CHECK(bytes_of(out / name) == bytes);
  }
}

TEST_CASE("archives become shards, also in two runs") {
  const ImageNetArchives archives(30, 300, 3000);
  const TempFolder whole, out;
  auto options = options_for(archives, whole.path());
  options.shards = true;
  CHECK(prepare(options) == End::complete);
  for (const std::string split : {"train", "val"}) {
    const auto source = open_shards(whole / split);
    CHECK(source->classes() ==
          std::vector<std::string>{kWnids[0], kWnids[1], kWnids[3], kWnids[2]});
    std::multiset<std::string> expected, found;
    for (const auto& [name, bytes] : archives.expected()) {
      if (name.starts_with(split + "/")) expected.insert(name.substr(split.size() + 1, 9) + bytes);
    }
    for (std::size_t i = 0; i < source->size(); ++i) {
      const auto bytes = std::get<std::vector<std::byte>>(source->read(i));
      found.insert(source->classes()[static_cast<std::size_t>(source->label(i))] +
                   std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
    }
    CHECK(found == expected);
  }
  CHECK(prepare(options) == End::was_complete);
  options.shards = false;
  CHECK_THROWS_WITH(prepare(options), Contains("is complete as shards; give another --out"));

  options.shards = true;
  options.out = out.path();
  CHECK(prepare(options, [](const auto& status) { return status.split == "val"; }) == End::stopped);
  CHECK(!fs::exists(out / "train"));
  CHECK(prepare(options) == End::complete);
  CHECK(tree_of(out.path()) == tree_of(whole.path()));
}

TEST_CASE("whole shards of an interrupted run are kept, and the others made with the same bytes") {
  const TempFolder folder;
  const ImageNetMeta meta{{{"n00000002", {}}, {"n00000001", {}}}, {}};
  const auto bytes_of_image = [](int i) {
    return std::vector<std::byte>(static_cast<std::size_t>(100 + i), std::byte(i));
  };
  // Hands over images from the first to `end`; which were wanted.
  const auto fill = [&](ShardSink& sink, int end) {
    std::vector<int> wanted;
    for (int i = 0; i < end; ++i) {
      const ArchiveImage image{meta.classes[static_cast<std::size_t>(i / 20)].wnid,
                               fmt::format("image_{}.JPEG", i), "group", bytes_of_image(i).size()};
      if (!sink.wants(image)) continue;
      wanted.push_back(i);
      sink.add(image, bytes_of_image(i));
    }
    return wanted;
  };
  const ShardLimits limits{.samples = 8, .bytes = 0};
  ShardSink whole(folder / "whole", meta, limits);
  CHECK(fill(whole, 40).size() == 40);
  whole.finish();
  { fill(*std::make_unique<ShardSink>(folder / "parts", meta, limits), 27); }
  ShardSink parts(folder / "parts", meta, limits);
  CHECK(fill(parts, 40).front() == 24);
  parts.finish();
  CHECK(tree_of(folder / "parts") == tree_of(folder / "whole"));
  CHECK(tree_of(folder / "parts").contains("shard-000004.tar"));
}
