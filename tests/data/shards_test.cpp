// Shards: written the same always, read like the folder they come from; those of others; staging.
#include "../support/run_program.h"
#include "../support/skip.h"
#include "image_files.h"
#include "loaded.h"

#include <imgcls/core/error.h>
#include <imgcls/core/file.h>
#include <imgcls/data/index.h>
#include <imgcls/data/source.h>
#include <imgcls/data/staging.h>
#include <imgcls/prepare/make_index.h>
#include <imgcls/prepare/write_shards.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <map>

using namespace imgcls;
using namespace imgcls::data;
using Catch::Contains;
using support::stream;
using support::TempFolder;
namespace fs = std::filesystem;

namespace {

/// 47 images in 3 classes, two of them broken, and names that shards cannot have.
void make_folder(const fs::path& root) {
  for (int i = 0; i < 47; ++i) {
    support::write_jpeg(root / fmt::format("c{}/{:02}.JPEG", i % 3, i), 40 + i, 70 - i,
                        {.grey = i % 7 == 0, .progressive = i % 5 == 0});
  }
  fs::resize_file(root / "c1/04.JPEG", 400);
  support::write(root / "c2/05.JPEG", std::vector<std::uint8_t>(30, 'x'));
  fs::rename(root / "c0/03.JPEG", root / "c0/a.b.JPEG");
  fs::rename(root / "c0/06.JPEG", root / "c0/a_b.jpg");
  fs::rename(root / "c0/09.JPEG", root / ("c0/" + std::string(120, 'n') + ".jpg"));
  support::write_png(root / "c2/picture.png", 30, 20);
}

std::map<std::string, std::vector<std::byte>> files_of(const fs::path& folder,
                                                       std::string_view end = ".tar") {
  std::map<std::string, std::vector<std::byte>> files;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (name.ends_with(end)) files[name] = read_file(entry.path());
  }
  return files;
}

WriteShardsReport shards(const fs::path& from, const fs::path& to, int threads = 2,
                         ShardLimits limits = {.samples = 10, .bytes = 0}) {
  return write_shards(from, to, {.limits = limits, .threads = threads});
}

LoaderOptions loading(bool training, int threads, int rank = 0, int world = 1) {
  LoaderOptions options;
  options.batch = training ? 6 : 5;
  options.rank = rank;
  options.world = world;
  options.threads = threads;
  options.seed = 11;
  if (training) {
    options.transform = AugmentOptions{.size = 24};
  } else {
    options.transform = EvalOptions{.size = 24, .resize = 28};
  }
  return options;
}

/// Folder and shards yield the same whatever the threads, ranks and the place they are entered at.
void compare(const fs::path& folder, const fs::path& shard_folder) {
  const std::shared_ptr<const Source> sources[] = {open_folder(folder), open_shards(shard_folder)};
  REQUIRE(sources[0]->size() == sources[1]->size());
  CHECK(sources[0]->classes() == sources[1]->classes());
  CHECK(sources[0]->fingerprint() == sources[1]->fingerprint());
  for (const bool training : {true, false}) {
    const support::Stream expected = stream(sources[0], loading(training, 1), 3);
    REQUIRE(expected.size() > 3);
    for (const auto& source : sources) {
      for (const int threads : {1, 2, 3, 8}) {
        CHECK(stream(source, loading(training, threads), 3) == expected);
        const std::size_t batch = loading(training, 1).batch;
        CHECK(stream(source, loading(training, threads), 3, 2 * batch) ==
              support::Stream(expected.begin() + 2, expected.end()));
      }
      const support::Stream parts[] = {stream(source, loading(training, 2, 0, 2), 3),
                                       stream(source, loading(training, 2, 1, 2), 3)};
      support::Stream joined;
      for (std::size_t i = 0; i < expected.size(); ++i) {
        if (training) {
          joined.push_back(parts[0].at(i));
          joined.back().insert(joined.back().end(), parts[1].at(i).begin(), parts[1].at(i).end());
        } else {
          joined.push_back(parts[i % 2].at(i / 2));
        }
      }
      CHECK(joined == expected);
    }
  }
}

/// A plain tar file of files made in `folder`, by tar itself.
void tar(const fs::path& folder, const fs::path& archive) {
  REQUIRE(
      test::run_program("tar --sort=name -cf " + archive.string() + " -C " + folder.string() + " .")
          .code == 0);
}

}  // namespace

TEST_CASE("A folder and its shards yield the same batches") {
  const TempFolder root;
  make_folder(root / "folder");
  const IndexReport indexed = make_index(root / "folder", {});
  const WriteShardsReport report = shards(root / "folder", root / "shards");
  CHECK(indexed.samples == 48);
  CHECK(report.samples == 46);
  CHECK(report.shards == 5);
  CHECK(report.broken.size() == 2);
  CHECK_THAT(read_text(report.broken_list), Contains("c1/04.JPEG") && Contains("c2/05.JPEG"));
  compare(root / "folder", root / "shards");
  const auto source = open_shards(root / "shards");
  const auto folder = open_folder(root / "folder");
  for (std::size_t i = 0; i < source->size(); ++i) {
    CHECK(std::get<std::vector<std::byte>>(source->read(i)) ==
          std::get<std::vector<std::byte>>(folder->read(i)));
  }
  CHECK(source->name(0) == (root / "shards/shard-000000.tar").string() + ": c0/00.jpg");
  CHECK_FALSE(fs::exists(root / "shards/shard-000000.tar.done"));
}

TEST_CASE("ImageNet's samples yield the same batches from folder and shards") {
  const char* samples = std::getenv("IMGCLS_SAMPLES");
  if (samples == nullptr) IMGCLS_SKIP("IMGCLS_SAMPLES names no folder of ImageNet's samples");
  const TempFolder root;
  fs::create_directories(root / "folder");
  for (const auto& entry : fs::directory_iterator(samples)) {
    if (entry.is_directory()) {
      fs::create_directory_symlink(entry.path(), root / "folder" / entry.path().filename());
    }
  }
  const IndexReport report = make_index(root / "folder", {});
  CHECK(report.broken.empty());
  shards(root / "folder", root / "shards", 2, {.samples = 0, .bytes = 10'000'000});
  compare(root / "folder", root / "shards");
}

TEST_CASE("Shards are the same bytes for any number of threads, and after interruptions") {
  const TempFolder root;
  make_folder(root / "folder");
  shards(root / "folder", root / "one", 1);
  const auto expected = files_of(root / "one");
  REQUIRE(expected.size() == 5);
  shards(root / "folder", root / "three", 3);
  CHECK(files_of(root / "three") == expected);

  // What a killed run leaves: some shards with their records, part of another.
  shards(root / "folder", root / "killed", 1);
  const Index index = Index::read(root / "killed/imgcls.index");
  for (const std::size_t i : {0, 2}) {
    // The records are made again from the index, which tells the same.
    CHECK(index.shard(i).digest == digest_of(InputFile(root / "killed" / index.shard(i).name)));
  }
  fs::remove(root / "killed/shard-000001.tar");
  fs::resize_file(root / "killed/shard-000002.tar", 1000);
  auto bytes = read_file(root / "killed/shard-000003.tar");
  bytes[700] ^= std::byte{4};
  write_synced(root / "killed/shard-000003.tar", bytes);
  write_synced(root / "killed/shard-000004.tar.tmp", bytes);
  const WriteShardsReport resumed = shards(root / "folder", root / "killed");
  CHECK(resumed.kept == 2);
  CHECK(files_of(root / "killed") == expected);
  CHECK(shards(root / "folder", root / "killed").kept == 5);
  CHECK(open_shards(root / "killed")->fingerprint() == open_shards(root / "one")->fingerprint());

  // Other images, other shards.
  fs::remove(root / "folder/c1/07.JPEG");
  CHECK(shards(root / "folder", root / "killed").kept == 1);
  CHECK(open_shards(root / "killed")->size() == 45);
}

TEST_CASE("Writing that is asked to stop keeps what is whole, and goes on") {
  const TempFolder root;
  for (int i = 0; i < 60; ++i) {
    support::write_jpeg(root / fmt::format("folder/a/{:02}.jpg", i), 1000, 1000);
  }
  make_index(root / "folder", {});
  bool writing = false;
  const auto stop = [&](std::string_view what, const WorkStatus& status) {
    writing = writing || what == "writing";
    return !(what == "writing" && status.done > 2);
  };
  const WriteShardsOptions options{
      .limits = {.samples = 2, .bytes = 0}, .threads = 1, .go_on = stop};
  const WriteShardsReport stopped = write_shards(root / "folder", root / "shards", options);
  REQUIRE(writing);
  const std::size_t whole = files_of(root / "shards").size();
  CHECK(files_of(root / "shards", ".tmp").empty());
  const WriteShardsReport resumed =
      shards(root / "folder", root / "shards", 2, {.samples = 2, .bytes = 0});
  CHECK(resumed.kept == whole);
  shards(root / "folder", root / "straight", 2, {.samples = 2, .bytes = 0});
  CHECK(files_of(root / "shards") == files_of(root / "straight"));
  CHECK((stopped.stopped || whole == 30));
}

TEST_CASE("Shards end at a number of samples or of bytes") {
  const TempFolder root;
  make_folder(root / "folder");
  shards(root / "folder", root / "shards", 2, {.samples = 0, .bytes = 20'000});
  const auto files = files_of(root / "shards");
  CHECK(files.size() > 3);
  for (const auto& [name, bytes] : files) {
    CHECK(bytes.size() <= 20'000);
    CHECK(bytes.size() % 512 == 0);
  }
  support::write(root / "shards/other.tar", std::vector<std::uint8_t>(1024, 0));
  CHECK_THROWS_WITH(shards(root / "folder", root / "shards", 2, {.samples = 0, .bytes = 20'000}),
                    Contains("other.tar"));
  CHECK_THROWS_WITH(shards(root / "folder", root / "folder"), Contains("another one"));
}

TEST_CASE("A writer of samples one by one makes the same shards, and goes on behind whole ones") {
  const TempFolder root;
  make_folder(root / "folder");
  make_index(root / "folder", {});
  const auto source = open_folder(root / "folder");
  const auto write = [&](const fs::path& to, std::size_t stop_at) {
    ShardWriter writer(to, {.samples = 10, .bytes = 0});
    const std::size_t kept = writer.kept();
    for (std::size_t i = kept; i < std::min(stop_at, source->size()); ++i) {
      const auto bytes = std::get<std::vector<std::byte>>(source->read(i));
      writer.add({.key = fmt::format("k{:04}", i),
                  .extension = "jpg",
                  .label = source->label(i),
                  .class_name = source->classes()[source->label(i)],
                  .path = "p",
                  .bytes = bytes});
    }
    if (stop_at > source->size()) writer.finish(source->classes());
    return kept;
  };
  CHECK(write(root / "straight", 1000) == 0);
  CHECK(write(root / "resumed", 27) == 0);
  CHECK(write(root / "resumed", 1000) == 20);
  CHECK(files_of(root / "resumed") == files_of(root / "straight"));
  CHECK(make_index(root / "resumed", {}).broken.empty());
  remove_shard_records(root / "resumed");
  CHECK(open_shards(root / "resumed")->fingerprint() == source->fingerprint());
  ShardWriter writer(root / "x");
  for (const std::string bad : {"", "a.b", "a/b.c", "/a", "../a"}) {
    CHECK_THROWS_AS(
        writer.add({.key = bad, .extension = "jpg", .class_name = "", .path = "", .bytes = {}}),
        DataError);
  }
}

TEST_CASE("An index of shards made from the tar files is that which was written with them") {
  const TempFolder root;
  make_folder(root / "folder");
  shards(root / "folder", root / "shards");
  const auto written = read_file(root / "shards/imgcls.index");
  const IndexReport reused = make_index(root / "shards", {});
  CHECK(reused.reused == 46);
  CHECK(read_file(root / "shards/imgcls.index") == written);
  fs::remove(root / "shards/imgcls.index");
  const auto plain = open_shards(root / "shards");
  CHECK(plain->size() == 46);
  CHECK(plain->classes() == std::vector<std::string>{"c0", "c1", "c2"});
  CHECK(make_index(root / "shards", {.threads = 3}).reused == 0);
  CHECK(read_file(root / "shards/imgcls.index") == written);
  CHECK(check_index(root / "shards", {}).differences.empty());
}

TEST_CASE("Plain WebDataset tar files are read without an index, and indexed") {
  const TempFolder root;
  const auto sample = [&](const std::string& in, const std::string& key, const std::string& end,
                          const std::string& text) {
    fs::create_directories(root / in);
    support::write_jpeg(root / in / (key + ".jpg"), 20, 20);
    if (!end.empty()) replace_file(root / in / (key + end), text);
  };
  const auto open = [&](std::initializer_list<std::string> parts) {
    fs::remove_all(root / "out");
    fs::create_directories(root / "out");
    for (const std::string& part : parts) tar(root / part, root / "out" / (part + ".tar"));
    return open_shards(root / "out");
  };
  SECTION("classes as numbers in .cls") {
    sample("a", "x/0", ".cls", "2\n");
    sample("a", "x/1", ".cls", "0");
    sample("b", "y", ".cls", "1");
    const auto source = open({"a", "b"});
    REQUIRE(source->size() == 3);
    CHECK(source->classes() == std::vector<std::string>{"0", "1", "2"});
    CHECK(source->label(0) == 2);
    CHECK(source->label(2) == 1);
    CHECK(source->name(1) == (root / "out/a.tar").string() + ": x/1.jpg");
    CHECK(std::get<std::vector<std::byte>>(source->read(2)) == read_file(root / "b/y.jpg"));
    const std::string before = source->fingerprint();
    CHECK(make_index(root / "out", {}).samples == 3);
    CHECK(open_shards(root / "out")->fingerprint() != before);
    const support::Stream indexed = stream(open_shards(root / "out"), loading(false, 2));
    CHECK(stream(open({"a", "b"}), loading(false, 2)) == indexed);
    replace_file(root / "out/classes.txt", "zero\none\ntwo\n");
    CHECK(open_shards(root / "out")->classes()[2] == "two");
    replace_file(root / "out/classes.txt", "zero\none\n");
    CHECK_THROWS_WITH(open_shards(root / "out"), Contains("names 2 classes"));
  }
  SECTION("numbers and names in .json") {
    sample("a", "0", ".json", R"({"label": 1, "wnid": "n02"})");
    sample("a", "1", ".json", R"({"label": 0, "class_name": "cat", "more": [1, {}]})");
    CHECK(open({"a"})->classes() == std::vector<std::string>{"cat", "n02"});
    CHECK(open({"a"})->label(0) == 1);
  }
  SECTION("names alone") {
    sample("a", "0", ".json", R"({"class": "dog"})");
    sample("a", "1", ".json", R"({"class": "cat"})");
    CHECK(open({"a"})->classes() == std::vector<std::string>{"cat", "dog"});
    CHECK(open({"a"})->label(0) == 1);
    sample("a", "2", "", "");
    CHECK_THROWS_WITH(open({"a"}), Contains("2.jpg") && Contains("no class"));
  }
  SECTION("what cannot be is named") {
    sample("a", "0", ".cls", " \n");
    CHECK_THROWS_WITH(open({"a"}), Contains("a.tar") && Contains("0.cls") && Contains("empty"));
    replace_file(root / "a/0.cls", "-1");
    CHECK_THROWS_WITH(open({"a"}), Contains("0.cls") && Contains("-1"));
    replace_file(root / "a/0.cls", "99999999999");
    CHECK_THROWS_AS(open({"a"}), DataError);
    fs::remove(root / "a/0.cls");
    replace_file(root / "a/0.json", "{\"label\": ");
    CHECK_THROWS_WITH(open({"a"}), Contains("0.json") && Contains("no JSON"));
    replace_file(root / "a/0.json", "{\"label\": 1}");
    support::write_png(root / "a/0.png", 4, 4);
    CHECK_THROWS_WITH(open({"a"}), Contains("another image"));
    fs::remove_all(root / "a");
    fs::create_directories(root / "a");
    CHECK_THROWS_WITH(open({"a"}), Contains("no images"));
    CHECK_THROWS_AS(open_shards(root / "gone"), DataError);
    CHECK_THROWS_WITH(open_shards(root / "a"), Contains("no .tar files"));
  }
}

TEST_CASE("A shard that vanishes, is cut off or replaced is an error with its name") {
  const TempFolder root;
  make_folder(root / "folder");
  shards(root / "folder", root / "shards");
  const fs::path first = root / "shards/shard-000000.tar";
  const auto source = open_shards(root / "shards");
  const auto bytes = read_file(first);
  CHECK(source->read(3).index() == 0);
  fs::resize_file(first, 1200);  // while it is open: no SIGBUS
  CHECK_THROWS_AS(source->read(3), IoError);
  CHECK_THROWS_WITH(source->read(3), Contains("shard-000000.tar") && Contains("ends after"));
  CHECK(source->read(15).index() == 0);
  CHECK_THROWS_WITH(open_shards(root / "shards"), Contains("1200 bytes"));
  write_synced(first, bytes);
  CHECK(source->read(3).index() == 0);
  fs::remove(first);
  CHECK(source->read(3).index() == 0);  // still open
  CHECK_THROWS_AS(open_shards(root / "shards"), IoError);
}

TEST_CASE("Staging copies what is missing, once, and finds what is not whole") {
  const TempFolder root;
  make_folder(root / "folder");
  shards(root / "folder", root / "shards");
  const auto stage = [&] {
    Staging parts[] = {{root / "shards", root / "disk", 0, 2},
                       {root / "shards", root / "disk", 1, 2}};
    for (Staging& part : parts) {
      while (!part.work(std::chrono::milliseconds(1))) {
      }
      CHECK(part.done() == part.total());
    }
    CHECK(parts[0].total() > parts[1].total());
    return parts[0].folder();
  };
  const fs::path folder = stage();
  CHECK(folder.parent_path() == root / "disk");
  CHECK(files_of(folder) == files_of(root / "shards"));
  CHECK(open_shards(folder)->fingerprint() == open_shards(root / "shards")->fingerprint());
  std::map<std::string, fs::file_time_type> times;
  for (const auto& [name, bytes] : files_of(folder))
    times[name] = fs::last_write_time(folder / name);

  auto bytes = read_file(folder / "shard-000003.tar");
  bytes[5000] ^= std::byte{1};
  write_synced(folder / "shard-000003.tar", bytes);
  fs::resize_file(folder / "shard-000004.tar", 512);
  for (const char* name : {"shard-000001.tar.tmp-77", "shard-000001.tar.tmp-78"}) {
    support::write(folder / name, std::vector<std::uint8_t>{1});
  }
  fs::last_write_time(folder / "shard-000001.tar.tmp-77",
                      fs::file_time_type::clock::now() - std::chrono::hours(2));
  CHECK(stage() == folder);
  CHECK_FALSE(fs::exists(folder / "shard-000001.tar.tmp-77"));  // of a run killed long ago
  CHECK(fs::exists(folder / "shard-000001.tar.tmp-78"));
  CHECK(files_of(folder) == files_of(root / "shards"));
  for (const std::string name : {"shard-000000.tar", "shard-000001.tar", "shard-000002.tar"}) {
    CHECK(fs::last_write_time(folder / name) == times[name]);
  }

  fs::remove_all(root / "disk");
  bytes = read_file(root / "shards/shard-000001.tar");
  bytes[5000] ^= std::byte{1};
  write_synced(root / "shards/shard-000001.tar", bytes);
  Staging part(root / "shards", root / "disk", 1, 2);
  CHECK_THROWS_WITH(
      [&] {
        while (!part.work(std::chrono::milliseconds(1))) {
        }
      }(),
      Contains("shard-000001.tar"));
  CHECK_FALSE(fs::exists(part.folder() / "shard-000001.tar"));
  fs::remove(root / "shards/imgcls.index");
  CHECK_THROWS_WITH(Staging(root / "shards", root / "disk", 0, 1), Contains("prepare index"));
}
