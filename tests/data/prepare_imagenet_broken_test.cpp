// ImageNet from archives of its form, with everything that can be wrong.
#include "imagenet_support.h"

#include <sys/mount.h>

using namespace imgcls;
using namespace imgcls::test;
using Catch::Contains;

namespace {

/// A disk of so many bytes, where this process may make one.
class SmallDisk {
 public:
  explicit SmallDisk(std::size_t bytes) {
    fs::create_directory(path());
    const std::string options = fmt::format("size={}", bytes);
    mounted_ = ::mount("none", path().c_str(), "tmpfs", 0, options.c_str()) == 0;
  }
  ~SmallDisk() {
    if (mounted_) ::umount2(path().c_str(), MNT_DETACH);
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

  bool mounted() const { return mounted_; }
  fs::path path() const { return folder_ / "disk"; }

 private:
  TempFolder folder_;
  bool mounted_ = false;
};

}  // namespace

TEST_CASE("a wrong MD5 sum is an error that names file, expected and found") {
  const ImageNetArchives archives;
  const TempFolder out;
  auto options = options_for(archives, out.path());
  const std::string right = options.sums[kValTar];
  const std::string wrong = "00000000000000000000000000000000";
  options.sums[kDevkitTar] = wrong;
  CHECK_THAT(refusal(options),
             Contains(kDevkitTar + " has the MD5 sum " + sums_of(archives)[kDevkitTar]) &&
                 Contains("expected " + wrong));
  CHECK(!fs::exists(out / "meta.bin"));
  options = options_for(archives, out.path());
  options.sums[kValTar] = wrong;
  CHECK_THAT(refusal(options),
             Contains(kValTar + " has the MD5 sum " + right) && Contains("expected " + wrong));
  CHECK(!fs::exists(out / "val"));
  CHECK_THAT(refusal(options), Contains("expected " + wrong));  // and again
  options.sums.erase(kValTar);
  CHECK_THAT(refusal(options), Contains("no MD5 sum to compare") && Contains(kValTar));
  options.sums[kValTar] = right;
  CHECK(prepare(options) == End::complete);
  check_tree(out.path(), archives);
}

TEST_CASE("archives that are not the official ones are known by their size, without reading") {
  const ImageNetArchives archives;
  const TempFolder out;
  PrepareImageNetOptions options{.archives = archives.path(), .out = out / "x"};
  CHECK_THAT(refusal(options), Contains(kValTar) && Contains("official archive 6744924160") &&
                                   Contains("not completely downloaded"));
  CHECK(!fs::exists(out / "x"));
  options.verify = false;
  CHECK(prepare(options) == End::complete);
  check_tree(out / "x", archives);
}

TEST_CASE("archives truncated anywhere are refused, with and without their sums") {
  const ImageNetArchives archives(3, 7, 300);
  for (const std::string& name : {kTrainTar, kValTar, kDevkitTar}) {
    const std::string whole = bytes_of(archives / name);
    const Md5Sums sums = sums_of(archives);
    // Zeros at the end are all that may be missing from a tar; a gzip file needs all of its bytes.
    const std::size_t needed = name == kDevkitTar ? whole.size() : whole.find_last_not_of('\0');
    for (std::size_t size = 0; size < needed; size += needed / 13) {
      const TempFolder out;
      INFO(name << " truncated to " << size);
      archives.write(name, whole.substr(0, size));
      auto options = options_for(archives, out.path());
      options.verify = false;
      CHECK_THAT(refusal(options), Contains(name));
      options.verify = true;
      options.sums = sums;
      CHECK_THAT(refusal(options), Contains(name));
      CHECK(fs::exists(out / "val") == (name == kTrainTar));
      CHECK(!fs::exists(out / "train"));
    }
    archives.write(name, whole);
  }
}

TEST_CASE("members that do not belong in ImageNet are refused, and nothing leaves the folder") {
  const ImageNetArchives archives;
  const TempFolder outer;
  const fs::path out = outer / "out";
  auto options = options_for(archives, out);
  options.verify = false;
  const auto train_with = [&](const std::string& members) {
    remove_tree(out);
    archives.write(kTrainTar, tar_member("n01440764.tar", members + tar_end()) + tar_end());
    const std::string message = refusal(options);
    CHECK(!fs::exists(out / "train"));
    return message;
  };
  const std::string image = "bytes";
  CHECK_THAT(train_with(tar_member("../../../evil.JPEG", image)),
             Contains("n01440764.tar: its member '../../../evil.JPEG' leads out"));
  CHECK_THAT(train_with(tar_member("/evil.JPEG", image)), Contains("absolute"));
  CHECK_THAT(train_with(tar_member("a.JPEG", "", '2', outer.path().string())),
             Contains("symbolic link"));
  CHECK_THAT(train_with(tar_member("a.JPEG", "", '1', "/etc/passwd")), Contains("hard link"));
  CHECK_THAT(train_with(tar_member("a.JPEG", "", '3')), Contains("device"));
  CHECK_THAT(train_with(tar_member("a/b.JPEG", image)), Contains("'a/b.JPEG' is not named like"));
  CHECK_THAT(train_with(tar_member("a.exe", image)), Contains("'a.exe' is not named like"));
  CHECK_THAT(train_with(tar_member("a.JPEG", image) + tar_member("a.JPEG", image)),
             Contains("is there twice"));
  CHECK_THAT(train_with(tar_member(std::string(300, 'n') + ".JPEG", image)), Contains("305 bytes"));
  CHECK_THAT(train_with(""), Contains("n01440764.tar' holds no image"));
  CHECK_THAT(train_with(tar_member("a.JPEG", image)), Contains("1 of the devkit's 4 classes"));
  const auto outer_with = [&](const std::string& name) {
    remove_tree(out);
    archives.write(kTrainTar,
                   tar_member(name, tar_member("a.JPEG", image) + tar_end()) + tar_end());
    return refusal(options);
  };
  CHECK_THAT(outer_with("n99999999.tar"), Contains("'n99999999.tar' is of no class"));
  CHECK_THAT(outer_with("n02084071.tar"), Contains("is of no class"));  // one with children
  CHECK_THAT(outer_with("../n01440764.tar"), Contains("leads out"));
  CHECK_THAT(outer_with("n0144076.tar"), Contains("is not named like n01440764.tar"));
  CHECK(tree_of(outer.path()).size() + 0 == tree_of(out).size());  // nothing beside OUT
}

TEST_CASE("wrong members of the validation archive and of the devkit are refused") {
  const ImageNetArchives archives(1, 3);
  const TempFolder out;
  auto options = options_for(archives, out.path());
  options.verify = false;
  const auto val_with = [&](const std::string& members) {
    archives.write(kValTar, members + tar_end());
    return refusal(options);
  };
  const auto member = [](int number) {
    return tar_member(ImageNetArchives::val_name(number), "x");
  };
  CHECK_THAT(val_with(member(1) + member(3)),
             Contains("holds 2 of 3 images; ILSVRC2012_val_00000002.JPEG is the first"));
  CHECK_THAT(val_with(member(1) + member(1)), Contains("is there twice"));
  CHECK_THAT(val_with(member(4)),
             Contains("00000004.JPEG' is not named like") && Contains("up to 3"));
  CHECK_THAT(val_with(member(0)), Contains("is not named like"));
  CHECK_THAT(val_with(tar_member("val/" + ImageNetArchives::val_name(1), "x")),
             Contains("is not named like"));
  CHECK(!fs::exists(out / "val"));

  remove_tree(out / "dev");
  remove_tree(out / "imagenet.json");
  const auto devkit_with = [&](const std::string& members) {
    write_gzip(archives / kDevkitTar, members + tar_end());
    return refusal(options);
  };
  CHECK_THAT(devkit_with(archives.devkit_members + tar_member(kDevkit + "../../x", "x")),
             Contains("leads out"));
  CHECK_THAT(devkit_with(tar_member("elsewhere/x", "x")), Contains("'elsewhere/x' is not below"));
  CHECK_THAT(devkit_with(tar_member(kDevkit + "x", "x")), Contains("meta.mat: No such file"));
  CHECK_THAT(devkit_with(tar_member(kDevkit + "x", std::string(300 << 20, '\0'))),
             Contains("more than 268435456"));
  CHECK_THAT(devkit_with(archives.devkit_members + tar_member(kDevkit + "data/meta.mat", "broken")),
             Contains("meta.mat is not a usable MAT-file"));
  CHECK(!fs::exists(out / "dev"));
}

TEST_CASE("folders that something else made are left alone") {
  const ImageNetArchives archives;
  const TempFolder out;
  const auto options = options_for(archives, out.path());
  fs::create_directories(out / "val/n01440764");
  out.write("val/n01440764/mine.JPEG", "mine");
  CHECK_THAT(refusal(options), Contains("val is there and was not made by this command"));
  CHECK(bytes_of(out / "val/n01440764/mine.JPEG") == "mine");
  out.write("imagenet.json", "{}");
  CHECK_THAT(refusal(options), Contains("imagenet.json is broken"));
}

TEST_CASE("two at a time in one folder: the second is refused") {
  const ImageNetArchives archives(5, 1500);
  const TempFolder out;
  const auto options = options_for(archives, out.path());
  std::string second;
  CHECK(prepare(options, [&](const auto&) {
          if (second.empty()) second = refusal(options);
          return true;
        }) == End::complete);
  CHECK_THAT(second, Contains("another process is at work in"));
  check_tree(out.path(), archives);
}

TEST_CASE(
    "a disk without room is known before anything is written, one that fills up is an error") {
  const std::size_t kDisk = 1 << 20;
  const SmallDisk disk(kDisk);
  if (!disk.mounted()) {
    WARN("not tested: this process may not mount a small disk");
    return;
  }
  const ImageNetArchives large(40, 7, 10'000);
  const auto options = options_for(large, disk.path() / "out");
  CHECK_THAT(refusal(options),
             Contains("not enough room for val and train in " + options.out.string()) &&
                 Contains("are needed") &&
                 Contains(fmt::format("{} bytes (0.0 GB) are free", kDisk)));
  CHECK(fs::is_empty(disk.path()));
  // Small files take whole blocks of the disk, many times their bytes.
  const ImageNetArchives small(200, 7, 20);
  const auto others = options_for(small, disk.path() / "out");
  REQUIRE(fs::file_size(small / kTrainTar) + fs::file_size(small / kValTar) < kDisk / 10 * 9);
  CHECK_THAT(refusal(others), Contains("No space left on device") && Contains(".JPEG"));
  CHECK(!fs::exists(disk.path() / "out/train"));
}

TEST_CASE("files of MD5 sums are read as md5sum writes them") {
  const TempFolder folder;
  const std::string sum(32, 'A');
  const std::string path =
      folder.write("sums", sum + "  some/folder/a.tar\n" + std::string(32, '1') + " *b.tar\n");
  const Md5Sums sums = read_md5_sums(path);
  CHECK(sums == Md5Sums{{"a.tar", std::string(32, 'a')}, {"b.tar", std::string(32, '1')}});
  for (const std::string& bad : {std::string(31, '1') + "  a", std::string(33, '1') + "  a", sum,
                                 sum + " a", std::string(32, 'g') + "  a", std::string()}) {
    folder.write("sums", sum + "  a\n" + bad + "\n");
    CHECK_THROWS_WITH(read_md5_sums(path), Contains("sums, line 2"));
  }
}
