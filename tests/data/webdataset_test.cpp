// Tar files as other programs write them: what belongs to a sample, what is passed over, and that
// nothing is left out in silence.
#include "../support/run_program.h"
#include "../support/tar_text.h"
#include "image_files.h"

#include <imgcls/core/error.h>
#include <imgcls/core/file.h>
#include <imgcls/core/little_endian.h>
#include <imgcls/data/index.h>
#include <imgcls/data/member_name.h>
#include <imgcls/data/source.h>
#include <imgcls/prepare/make_index.h>
#include <imgcls/prepare/write_shards.h>

#include <archive.h>
#include <archive_entry.h>

#include <catch2/catch.hpp>
#include <memory>
#include <tuple>

using namespace imgcls;
using namespace imgcls::data;
using Catch::Contains;
using support::TempFolder;
using test::tar_end;
using test::tar_member;
namespace fs = std::filesystem;

namespace {

/// The bytes of an image, another for each number.
std::string image(int number) {
  const std::vector<std::uint8_t> file = support::jpeg_file(16 + number, 16);
  return {file.begin(), file.end()};
}

/// A tar file of members; its path.
std::string write_tar(const fs::path& path, const std::vector<std::string>& members) {
  std::string text;
  for (const std::string& member : members) text += member;
  fs::create_directories(path.parent_path());
  replace_file(path, text + tar_end());
  return path.string();
}

/// "KEY:label ..." of a folder's samples.
std::string listed(const fs::path& folder, std::string_view image_key = {}) {
  const auto source = open_shards(folder, {}, image_key);
  std::string text;
  for (std::size_t i = 0; i < source->size(); ++i) {
    const std::string name = source->name(i);
    text += fmt::format("{}:{} ", name.substr(name.find(": ") + 2), source->label(i));
  }
  return text;
}

/// Packed by libarchive's `packer`.
std::string packed(const std::string& text, const char* packer) {
  const TempFolder folder;
  const std::string path = (folder / "packed").string();
  const std::unique_ptr<archive, decltype(&archive_write_free)> out(archive_write_new(),
                                                                    &archive_write_free);
  const std::unique_ptr<archive_entry, decltype(&archive_entry_free)> entry(archive_entry_new(),
                                                                            &archive_entry_free);
  archive_entry_set_filetype(entry.get(), AE_IFREG);
  REQUIRE(archive_write_set_format_raw(out.get()) == ARCHIVE_OK);
  REQUIRE(archive_write_add_filter_by_name(out.get(), packer) == ARCHIVE_OK);
  REQUIRE(archive_write_open_filename(out.get(), path.c_str()) == ARCHIVE_OK);
  REQUIRE(archive_write_header(out.get(), entry.get()) == ARCHIVE_OK);
  REQUIRE(archive_write_data(out.get(), text.data(), text.size()) ==
          static_cast<la_ssize_t>(text.size()));
  REQUIRE(archive_write_close(out.get()) == ARCHIVE_OK);
  return read_text(path);
}

/// As `lz4 -l` packs: its own mark, and blocks of which each has its size before it. This one is of
/// literals alone, more than 15 of them.
std::string by_old_lz4(const std::string& text) {
  std::string block = "\xf0";
  std::size_t more = text.size() - 15;
  for (; more >= 255; more -= 255) block += '\xff';
  block += static_cast<char>(more);
  block += text;
  std::string file = "\x02\x21\x4c\x18";
  append_le(file, static_cast<std::uint32_t>(block.size()));
  return file + block;
}

std::string remarks(const fs::path& folder) {
  return fmt::format("{}", fmt::join(open_shards(folder)->remarks(), "\n"));
}

}  // namespace

TEST_CASE("member names come apart as WebDataset takes them apart") {
  const auto parts = [](std::string_view name) {
    const auto split = split_member_name(name);
    return split ? fmt::format("{}|{}", split->key, split->extension) : "-";
  };
  CHECK(parts("a/b.left.JPG") == "a/b|left.jpg");
  CHECK(parts("v1.0/b.cls") == "v1.0/b|cls");
  CHECK(parts("b.") == "b|");
  CHECK(parts("__x.jpg") == "__x|jpg");
  for (const char* name :
       {"b", "a/b", "._b.jpg", "a/._b.jpg", ".cache/b.jpg", "a/.b/c.jpg", "__MACOSX/b.jpg",
        "a/__MACOSX/b.jpg", "__meta__", "__meta__/b.jpg", ".DS_Store"}) {
    CHECK(parts(name) == "-");
  }
  CHECK(image_extensions("JPG;left.png;") == std::vector<std::string>{"jpg", "left.png"});
  CHECK(image_extensions("").empty());
}

TEST_CASE("members that belong to no sample are passed over") {
  const TempFolder root;
  write_tar(root / "in/a.tar", {tar_member("pax_global_header", "19 comment=whatever\n", 'g'),
                                tar_member("./", "", '5'),
                                tar_member("./._k1.jpg", "AppleDouble"),
                                tar_member("./k1.jpg", image(1)),
                                tar_member("./._k1.cls", "AppleDouble"),
                                tar_member("./k1.cls", "1"),
                                tar_member("__MACOSX/k1.jpg", "resource"),
                                tar_member("__MACOSX/._k1.cls", "x"),
                                tar_member("README", "none"),
                                tar_member(".DS_Store", "x"),
                                tar_member("latest.jpg", "", '2', "k1.jpg"),
                                tar_member("hard.jpg", "", '1', "k1.jpg"),
                                tar_member("null", "", '3'),
                                tar_member("pipe", "", '6'),
                                tar_member("__key__/k.jpg", "x"),
                                tar_member("info.json", R"({"images": 2})"),
                                tar_member("d/.hidden/k.jpg", "x"),
                                tar_member("d/k2.JPG", image(2)),
                                tar_member("d/k2.txt", "a caption"),
                                tar_member("d/k2.CLS", "0\r\n")});
  write_tar(root / "in/._a.tar", {"not a tar file"});
  CHECK(listed(root / "in") == "k1.jpg:1 d/k2.JPG:0 ");
  CHECK(remarks(root / "in").empty());
  CHECK(make_index(root / "in", {}).samples == 2);
  CHECK(listed(root / "in") == "k1.jpg:1 d/k2.JPG:0 ");
}

TEST_CASE("a class stands anywhere in the tar file, as number or name, in .cls or .json") {
  const TempFolder root;
  const std::vector<std::string> images{tar_member("a.jpg", image(1)),
                                        tar_member("b.jpg", image(2))};
  const auto with = [&](std::vector<std::string> labels, bool before = false) {
    std::vector<std::string> members = images;
    members.insert(before ? members.begin() : members.end(), labels.begin(), labels.end());
    write_tar(root / "in/x.tar", members);
    return listed(root / "in");
  };
  SECTION("numbers") {
    const std::string expected = "a.jpg:1 b.jpg:0 ";
    for (const bool before : {false, true}) {
      CHECK(with({tar_member("a.cls", "1"), tar_member("b.cls", "0")}, before) == expected);
      CHECK(with({tar_member("b.cls", " 0\r\n"), tar_member("a.cls", "+1 ")}, before) == expected);
      CHECK(with({tar_member("b.json", R"({"label": "0"})"),
                  tar_member("a.json", R"({"label": 1.0})")},
                 before) == expected);
      CHECK(with({tar_member("b.json", R"({"label": 7})"), tar_member("b.cls", "0"),
                  tar_member("a.json", R"({"caption": "x", "label": "1"})")},
                 before) == expected);
    }
  }
  SECTION("names make the numbers, in their order") {
    CHECK(with({tar_member("a.cls", "dog\n"), tar_member("b.cls", "cat")}) == "a.jpg:1 b.jpg:0 ");
    CHECK(with({tar_member("a.json", R"({"label": "tabby cat"})"),
                tar_member("b.json", R"({"label": "airplane"})")}) == "a.jpg:1 b.jpg:0 ");
    CHECK(open_shards(root / "in")->classes() == std::vector<std::string>{"airplane", "tabby cat"});
  }
  SECTION("names have the numbers of classes.txt") {
    fs::create_directories(root / "in");
    replace_file(root / "in/classes.txt", "\xEF\xBB\xBFzebra\r\ndog\r\ncat\r\n");
    CHECK(with({tar_member("a.cls", "dog"), tar_member("b.json", R"({"class": "zebra"})")}) ==
          "a.jpg:1 b.jpg:0 ");
    CHECK(with({tar_member("a.cls", "2"), tar_member("b.cls", "dog")}) == "a.jpg:2 b.jpg:1 ");
    CHECK(open_shards(root / "in")->classes() == std::vector<std::string>{"zebra", "dog", "cat"});
    CHECK_THROWS_WITH(with({tar_member("a.cls", "dog"), tar_member("b.cls", "wolf")}),
                      Contains("x.tar: b.jpg") && Contains("wolf") && Contains("classes.txt"));
    CHECK_THROWS_WITH(with({tar_member("a.cls", "dog"), tar_member("b.cls", "3")}),
                      Contains("x.tar: b.jpg") && Contains("names 3 classes"));
  }
  SECTION("two samples of one key, apart from each other, are two") {
    write_tar(root / "in/x.tar", {tar_member("a.jpg", image(1)), tar_member("a.cls", "1"),
                                  tar_member("b.jpg", image(2)), tar_member("b.cls", "0"),
                                  tar_member("a.jpg", image(3)), tar_member("a.cls", "2")});
    CHECK(listed(root / "in") == "a.jpg:1 b.jpg:0 a.jpg:2 ");
    write_tar(root / "in/x.tar", {tar_member("a.jpg", image(1)), tar_member("b.jpg", image(2)),
                                  tar_member("a.jpg", image(3)), tar_member("a.cls", "2"),
                                  tar_member("c.txt", ""), tar_member("a.cls", "1")});
    CHECK_THROWS_AS(listed(root / "in"), DataError);
  }
}

TEST_CASE("the sample at fault is the one that is named") {
  const TempFolder root;
  const auto with = [&](const std::string& key, const std::string& end, const std::string& text) {
    std::vector<std::string> members;
    for (const std::string name : {"k0", "k1", "k2", "k3", "k4"}) {
      members.push_back(tar_member(name + ".jpg", image(1)));
      if (name != key) members.push_back(tar_member(name + ".cls", "1"));
      if (name == key && !end.empty()) members.push_back(tar_member(name + end, text));
    }
    write_tar(root / "in/s.tar", members);
    return listed(root / "in");
  };
  for (const std::string key : {"k0", "k3", "k4"}) {
    const auto names_it = Contains("s.tar: " + key + ".");
    CHECK_THROWS_WITH(with(key, "", ""), names_it && Contains("no class"));
    CHECK_THROWS_WITH(with(key, ".cls", "cat"), names_it && Contains("cat"));
    CHECK_THROWS_WITH(with(key, ".cls", ""), names_it && Contains("empty"));
    CHECK_THROWS_WITH(with(key, ".cls", std::string("a\0b", 3)), names_it);
    CHECK_THROWS_WITH(with(key, ".cls", "99999999999999999999"), names_it);
    CHECK_THROWS_WITH(with(key, ".cls", "9000002"),
                      names_it && Contains("9000002") && Contains("5 images"));
    CHECK_THROWS_WITH(with(key, ".json", R"({"label": [1]})"), names_it && Contains("[1]"));
    CHECK_THROWS_WITH(with(key, ".json", R"({"label": -1})"), names_it && Contains("-1"));
    CHECK_THROWS_WITH(with(key, ".json", R"({"label": 1.5})"), names_it && Contains("1.5"));
    CHECK_THROWS_WITH(with(key, ".json", R"({"text": "x"})"), names_it && Contains("no class"));
    CHECK_THROWS_WITH(with(key, ".json", "{"), names_it && Contains("no JSON"));
    // What writes a value calls itself for each level.
    constexpr std::size_t kLevels = 400'000;
    CHECK_THROWS_WITH(
        with(key, ".json",
             "{\"label\":" + std::string(kLevels, '[') + std::string(kLevels, ']') + "}"),
        names_it && Contains("nested"));
  }
  CHECK(with("k2", ".cls", "30000") == "k0.jpg:1 k1.jpg:1 k2.jpg:30000 k3.jpg:1 k4.jpg:1 ");
  CHECK_THAT(remarks(root / "in"), Contains("s.tar: k2.jpg") && Contains("30001 classes"));
}

TEST_CASE("of several images the one that is meant is taken, or the sample is named") {
  const TempFolder root;
  const auto two = [&](const std::string& first, const std::string& second) {
    write_tar(root / "in/p.tar",
              {tar_member("a" + first, image(1)), tar_member("a" + second, image(2)),
               tar_member("a.cls", "0"), tar_member("b.cls", "1"),
               tar_member("b" + first, image(3)), tar_member("b" + second, image(4))});
    fs::remove(root / "in/imgcls.index");
  };
  two(".mask.jpg", ".jpg");
  CHECK(listed(root / "in") == "a.jpg:0 b.jpg:1 ");
  CHECK_THAT(remarks(root / "in"), Contains("a.jpg beside a.mask.jpg") && Contains("image_key"));
  CHECK(listed(root / "in", "mask.jpg") == "a.mask.jpg:0 b.mask.jpg:1 ");
  CHECK(listed(root / "in", "JPG") == "a.jpg:0 b.jpg:1 ");
  CHECK(listed(root / "in", "png;mask.jpg;jpg") == "a.mask.jpg:0 b.mask.jpg:1 ");
  CHECK_THROWS_WITH(listed(root / "in", "png"), Contains("p.tar: a.") && Contains("a.png"));

  two(".jpg", ".png");
  CHECK_THROWS_WITH(listed(root / "in"), Contains("p.tar: a.png") && Contains("a.jpg") &&
                                             Contains("data.image_key=jpg"));
  CHECK(listed(root / "in", "png") == "a.png:0 b.png:1 ");
  two(".left.jpg", ".right.jpg");
  CHECK_THROWS_WITH(listed(root / "in"), Contains("data.image_key=left.jpg"));
  CHECK(open_shards(root / "in", {}, "right.jpg")->origin().image_key == "right.jpg");

  // An index is of certain images.
  make_index(root / "in", {.image_key = "right.jpg"});
  CHECK(listed(root / "in") == "a.right.jpg:0 b.right.jpg:1 ");
  CHECK(listed(root / "in", "right.jpg") == "a.right.jpg:0 b.right.jpg:1 ");
  CHECK_THROWS_WITH(listed(root / "in", "left.jpg"),
                    Contains("a.right.jpg") && Contains("--image-key left.jpg"));
  CHECK(check_index(root / "in", {.image_key = "right.jpg"}).differences.empty());

  // A member that is called an image by its key alone.
  two(".img", ".txt");
  CHECK(listed(root / "in", "img") == "a.img:0 b.img:1 ");
  CHECK_THROWS_WITH(listed(root / "in"), Contains("no images") && Contains("a.cls"));

  // The mask of a sample whose image is not there is no image.
  write_tar(root / "in/p.tar", {tar_member("a.jpg", image(1)), tar_member("a.mask.jpg", image(2)),
                                tar_member("a.cls", "0"), tar_member("b.cls", "1"),
                                tar_member("b.mask.jpg", image(4))});
  CHECK_THROWS_WITH(listed(root / "in"), Contains("p.tar: b.mask.jpg"));
  write_tar(root / "in/p.tar", {tar_member("a.jpg", image(1)), tar_member("a.JPG", image(2)),
                                tar_member("a.cls", "0")});
  CHECK_THROWS_WITH(listed(root / "in"), Contains("p.tar: a.JPG") && Contains("a.jpg"));
}

TEST_CASE("a sample that would be lost is told") {
  const TempFolder root;
  const std::string good = tar_member("a.jpg", image(1)) + tar_member("a.cls", "0");
  write_tar(root / "in/p.tar", {good, tar_member("b.gif", "GIF89a"), tar_member("b.cls", "1")});
  CHECK(listed(root / "in") == "a.jpg:0 ");
  CHECK_THAT(remarks(root / "in"), Contains("1 samples") && Contains("p.tar: b.cls"));
  write_tar(root / "in/p.tar",
            {good, tar_member("b.jpg", "", '1', "a.jpg"), tar_member("b.cls", "1")});
  CHECK_THROWS_WITH(listed(root / "in"), Contains("p.tar: b.jpg") && Contains("link"));
  write_tar(root / "in/p.tar",
            {good, tar_member("b.jpg", image(2)), tar_member("b.cls", "", '2', "a.cls")});
  CHECK_THROWS_WITH(listed(root / "in"), Contains("p.tar: b.cls") && Contains("link"));
}

TEST_CASE("tar files are read, or refused by name") {
  const TempFolder root;
  const std::vector<std::string> sample{tar_member("a.jpg", image(1)), tar_member("a.cls", "0")};
  const std::string plain = write_tar(root / "in/b.TAR", sample);
  CHECK(listed(root / "in") == "a.jpg:0 ");
  for (const char* name : {"c.tar.gz", "c.tgz", "c.TAR.GZ", "c.tar.bz2", "c.tbz2", "c.tar.xz",
                           "c.txz", "c.tar.zst", "c.tar.lz4", "c.tlz4", "c.tar.Z", "c.tar.lz",
                           "c.tar.lzo", "c.tar.br", "c.tar.7z", "c.tar.zip"}) {
    replace_file(root / "in" / name, "x");
    CHECK_THROWS_WITH(listed(root / "in"), Contains(name) && Contains("imgcls prepare shards"));
    fs::remove(root / "in" / name);
  }
  REQUIRE(test::run_program("gzip -c " + plain + " > " + (root / "in/d.tar").string()).code == 0);
  CHECK_THROWS_WITH(listed(root / "in"), Contains("d.tar") && Contains("gzip"));
  fs::remove(root / "in/d.tar");

  write_tar(root / "in/x/y/e.tar", sample);
  CHECK_THROWS_WITH(listed(root / "in"), Contains("x/y/e.tar") && Contains("subfolder"));
  fs::remove(root / "in/b.TAR");
  CHECK_THROWS_WITH(listed(root / "in"),
                    Contains("x/y/e.tar") && Contains((root / "in/x/y").string()));
  CHECK_THROWS_WITH(open_folder(root / "in/x"), Contains("data.format=shards"));
  CHECK_THROWS_WITH(open_folder(root / "in/x/y"), Contains("data.format=shards"));
  fs::rename(root / "in/x", root / "in/.x");
  CHECK_THROWS_WITH(listed(root / "in"), Contains("no .tar files"));
}

TEST_CASE("shards are made of packed and plain tar files alike") {
  const TempFolder root;
  for (int tar = 0; tar < 6; ++tar) {
    std::vector<std::string> members;
    for (int i = 0; i < 4; ++i) {
      const std::string key = fmt::format("{}{}", static_cast<char>('a' + tar), i);
      members.push_back(tar_member(key + ".jpg", image(4 * tar + i)));
      members.push_back(tar_member(key + ".txt", "a caption"));
      members.push_back(tar_member(key + ".cls", i % 2 == 0 ? "cat" : "dog"));
    }
    write_tar(root / fmt::format("plain/{}.tar", tar), members);
  }
  fs::create_directories(root / "in");
  const std::string from = (root / "plain").string(), to = (root / "in").string();
  const std::vector<std::string> packers{
      "gzip -c {0}/0.tar > {1}/0.tar.gz", "bzip2 -c {0}/1.tar > {1}/1.tbz2",
      "xz -c {0}/2.tar > {1}/2.tar.xz",   "gzip -c {0}/3.tar > {1}/3.tar",
      "cp {0}/4.tar {1}/4.tar",           "cp {0}/5.tar {1}/5.TAR"};
  for (const std::string& packer : packers) {
    REQUIRE(test::run_program(fmt::format(fmt::runtime(packer), from, to)).code == 0);
  }
  const auto make = [&](const fs::path& folder, const fs::path& out) {
    return write_shards(folder, out, {.limits = {.samples = 5, .bytes = 0}, .threads = 2});
  };
  const WriteShardsReport report = make(root / "in", root / "out");
  CHECK(report.samples == 24);
  CHECK(report.shards == 5);
  CHECK_FALSE(fs::exists(root / "out/.unpacked"));
  const auto made = open_shards(root / "out"), expected = open_shards(root / "plain");
  REQUIRE(made->size() == expected->size());
  CHECK(made->classes() == std::vector<std::string>{"cat", "dog"});
  for (std::size_t i = 0; i < made->size(); ++i) {
    CHECK(made->label(i) == expected->label(i));
    CHECK(std::get<std::vector<std::byte>>(made->read(i)) ==
          std::get<std::vector<std::byte>>(expected->read(i)));
  }
  CHECK(made->name(0) == (root / "out/shard-000000.tar").string() + ": a0.jpg");
  CHECK_THAT(read_text(root / "out/shard-000000.tar"), Contains(R"("path":"0.tar/a0.jpg")"));
  CHECK(make(root / "in", root / "out").kept == 5);
  CHECK(make(root / "plain", root / "again").samples == 24);
  CHECK(open_shards(root / "again")->fingerprint() == made->fingerprint());

  // Keys that come twice: all samples are numbered, and none is lost.
  fs::rename(root / "in/5.TAR", root / "in/6.tar");
  fs::copy_file(root / "in/6.tar", root / "in/7.tar");
  CHECK(make(root / "in", root / "numbered").samples == 28);
  CHECK(open_shards(root / "numbered")->name(27) ==
        (root / "numbered/shard-000005.tar").string() + ": 000000027.jpg");

  fs::copy_file(root / "plain/0.tar", root / "in/0.tar");
  CHECK_THROWS_WITH(make(root / "in", root / "x"), Contains("0.tar.gz") && Contains("0.tar "));
  fs::remove(root / "in/0.tar");
  fs::resize_file(root / "in/0.tar.gz", fs::file_size(root / "in/0.tar.gz") / 2);
  CHECK_THROWS_WITH(make(root / "in", root / "x"), Contains("0.tar.gz"));
}

TEST_CASE("each packer's tar files are unpacked, or refused by name") {
  const TempFolder root;
  const std::string tar = tar_member("a.jpg", image(1)) + tar_member("a.cls", "0") + tar_end();
  const auto samples = [&](const char* name, const std::string& bytes) {
    fs::remove_all(root / "in");
    fs::remove_all(root / "out");
    fs::create_directories(root / "in");
    replace_file(root / "in" / name, bytes);
    return write_shards(root / "in", root / "out", {}).samples;
  };
  for (const auto& [packer, name] : {std::pair{"gzip", "a.taz"},
                                     {"bzip2", "a.tbz"},
                                     {"xz", "a.txz"},
                                     {"zstd", "a.tar.zst"},
                                     {"lz4", "a.tar.lz4"},
                                     {"lzip", "a.tar.lz"},
                                     {"lzma", "a.tlz"},
                                     {"compress", "a.tar.Z"}}) {
    INFO(packer);
    const std::string bytes = packed(tar, packer);
    CHECK(samples(name, bytes) == 1);
    CHECK_THROWS_WITH(samples(name, bytes.substr(0, bytes.size() / 2)), Contains(name));
    if (packer == std::string("lzma")) continue;  // has nothing by which to know it
    CHECK(samples("a.tar", bytes) == 1);
    CHECK_THROWS_WITH(listed(root / "in"), Contains("a.tar") && Contains(packer));
  }
  CHECK(samples("a.tlz", packed(tar, "lzip")) == 1);
  CHECK(samples("a.tar.gz", tar) == 1);  // unpacked on the way, by a browser

  // As pzstd writes them: before each frame one that says how long it is.
  const auto skippable = [](char number) {
    return std::string{number} + "\x2a\x4d\x18\x04" + std::string(3, '\0') + "size";
  };
  const std::string half = tar.substr(0, 1024), rest = tar.substr(1024);
  const std::string both = skippable('\x50') + skippable('\x5f') + packed(half, "zstd") +
                           skippable('\x50') + packed(rest, "zstd");
  CHECK(samples("a.tar.zst", both) == 1);
  CHECK(samples("a.tar", both) == 1);
  CHECK(samples("a.tar.lz4", packed(half, "lz4") + packed(rest, "lz4")) == 1);
  CHECK(samples("a.tar", by_old_lz4(tar)) == 1);

  for (const auto& [name, begin, packer] : {std::tuple{"a.tar.lzo", "\x89LZO", "lzop"},
                                            {"a.tar", "\x89LZO", "lzop"},
                                            {"a.tar.7z", "7z\xbc\xaf\x27\x1c", "7-Zip"},
                                            {"a.tar.rar", "Rar!\x1a\x07", "RAR"},
                                            {"a.tar.zip", "PK\x03\x04", "zip"},
                                            {"a.tar.br", "\x1b", "brotli"}}) {
    CHECK_THROWS_WITH(samples(name, begin + std::string(600, 'x')),
                      Contains(name) && Contains(packer) && Contains("unpack it first"));
  }
}

TEST_CASE("unpacking that is asked to stop leaves nothing half done, and goes on") {
  const TempFolder root;
  write_tar(root / "a.tar", {tar_member("a.jpg", image(1)), tar_member("a.cls", "0")});
  fs::create_directories(root / "in");
  REQUIRE(test::run_program("gzip -c " + (root / "a.tar").string() + " > " +
                            (root / "in/a.tgz").string())
              .code == 0);
  const auto stop = [](std::string_view what, const WorkStatus&) { return what != "unpacking"; };
  const WriteShardsReport stopped =
      write_shards(root / "in", root / "out", {.limits = {}, .threads = 1, .go_on = stop});
  CHECK((stopped.stopped || stopped.samples == 1));  // it may be done before it is asked
  CHECK(write_shards(root / "in", root / "out", {}).samples == 1);
  CHECK(listed(root / "out") == "a.jpg:0 ");
}

TEST_CASE("class folders' names that tar files or readers take amiss are no loss in shards") {
  const TempFolder root;
  int number = 0;
  const std::vector<std::string> names{".hidden", "__MACOSX", "__meta__", "two\nlines", "caf\xE9",
                                       " blank",  "a,\"b\"",  "tab\t",    "cr\r",       "plain"};
  for (const std::string& name : names) {
    support::write_jpeg(root / "in" / name / "x.jpg", 20 + ++number, 20);
  }
  const auto folder = open_folder(root / "in");
  const WriteShardsReport report = write_shards(root / "in", root / "out", {});
  CHECK(report.samples == names.size());
  CHECK_THAT(fmt::format("{}", fmt::join(report.remarks, "\n")), Contains(".hidden"));
  for (const bool with_index : {true, false}) {
    if (!with_index) fs::remove(root / "out/imgcls.index");
    const auto made = open_shards(root / "out");
    CHECK(made->classes() == folder->classes());
    REQUIRE(made->size() == folder->size());
    for (std::size_t i = 0; i < made->size(); ++i) {
      CHECK(made->label(i) == folder->label(i));
      CHECK(std::get<std::vector<std::byte>>(made->read(i)) ==
            std::get<std::vector<std::byte>>(folder->read(i)));
    }
  }
  fs::remove(root / "out/classes.txt");  // the names are in .json, too
  CHECK(open_shards(root / "out")->classes() == folder->classes());
}
