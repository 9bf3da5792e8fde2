#include <imgcls/core/error.h>
#include <imgcls/core/file.h>
#include <imgcls/prepare/imagenet/archives.h>

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <set>
#include <string>
#include <unordered_set>
#include <vector>

namespace imgcls::data {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kImageLimit = std::uint64_t{256} << 20;
constexpr std::uint64_t kDevkitLimit = std::uint64_t{256} << 20;
constexpr std::string_view kEnding = ".JPEG";
constexpr std::string_view kValPrefix = "ILSVRC2012_val_";
constexpr std::size_t kValDigits = 8;
constexpr std::size_t kValGroup = 1000;  // images

/// What lets images through to a sink, and counts them.
class Passage {
 public:
  Passage(ImageSink& sink, const GoOnUnpacking& go_on) : sink_(sink), go_on_(go_on) {}

  /// False: stopped, and the image is not handed on.
  bool pass(TarReader& tar, const ArchiveImage& image) {
    if (image.bytes > kImageLimit) {
      tar.refuse(fmt::format("has {} bytes, more than {}", image.bytes, kImageLimit));
    }
    if (!go_on_(done_)) {
      done_.stopped = true;
      return false;
    }
    if (sink_.wants(image)) sink_.add(image, tar.read(kImageLimit));
    ++done_.images;
    done_.bytes += image.bytes;
    return true;
  }
  const Unpacked& done() const { return done_; }

 private:
  ImageSink& sink_;
  const GoOnUnpacking& go_on_;
  Unpacked done_;
};

bool is_image_name(std::string_view name) {
  return name.size() > kEnding.size() && name.ends_with(kEnding) &&
         name.find('/') == std::string_view::npos;
}

/// One class of the training images; false: stopped.
bool unpack_class(TarReader& outer, const fs::path& archive, const std::string& wnid,
                  Passage& passage) {
  TarReader tar(fmt::format("{}, {}", archive.string(), outer.member().path),
                [&outer] { return outer.next_block(); });
  std::unordered_set<std::string> names;
  while (tar.next()) {
    const ArchiveMember& member = tar.member();
    if (!is_image_name(member.path)) tar.refuse(fmt::format("is not named like {}_1.JPEG", wnid));
    if (!names.insert(member.path).second) tar.refuse("is there twice");
    if (!passage.pass(tar, {wnid, member.path, wnid, member.bytes})) return false;
  }
  if (names.empty()) outer.refuse("holds no image");
  return true;
}

void check_classes(const std::set<std::string>& found, const ImageNetMeta& meta,
                   const fs::path& archive) {
  for (const ImageNetClass& one : meta.classes) {
    if (found.contains(one.wnid)) continue;
    throw DataError(fmt::format(
        "{} holds {} of the devkit's {} classes; {} is missing, and is not the only one if the "
        "archive is truncated",
        archive.string(), found.size(), meta.classes.size(), one.wnid));
  }
}

/// The number in ILSVRC2012_val_00000001.JPEG, from 1 to `count`; 0: none.
std::size_t val_number(std::string_view name, std::size_t count) {
  if (name.size() != kValPrefix.size() + kValDigits + kEnding.size() ||
      !name.starts_with(kValPrefix) || !name.ends_with(kEnding)) {
    return 0;
  }
  const std::string_view digits = name.substr(kValPrefix.size(), kValDigits);
  std::size_t number = 0;
  const auto [stop, error] = std::from_chars(digits.data(), digits.data() + kValDigits, number);
  return error == std::errc{} && stop == digits.data() + kValDigits && number <= count ? number : 0;
}

}  // namespace

Unpacked unpack_train(ArchiveFile& archive, const ImageNetMeta& meta, ImageSink& sink,
                      const GoOnUnpacking& go_on) {
  std::set<std::string> wnids, found;
  for (const ImageNetClass& one : meta.classes) wnids.insert(one.wnid);
  TarReader tar(archive);
  Passage passage(sink, go_on);
  while (tar.next()) {
    const std::string& path = tar.member().path;
    const std::string wnid = path.substr(0, path.find('.'));
    if (path != wnid + ".tar" || !is_wnid(wnid)) tar.refuse("is not named like n01440764.tar");
    if (!wnids.contains(wnid)) tar.refuse("is of no class of the devkit");
    if (!found.insert(wnid).second) tar.refuse("is there twice");
    if (!unpack_class(tar, archive.path(), wnid, passage)) return passage.done();
    sink.end_group();
  }
  check_classes(found, meta, archive.path());
  return passage.done();
}

Unpacked unpack_val(ArchiveFile& archive, const ImageNetMeta& meta, ImageSink& sink,
                    const GoOnUnpacking& go_on) {
  const std::size_t count = meta.val_wnids.size();
  std::vector<bool> found(count);
  TarReader tar(archive);
  Passage passage(sink, go_on);
  while (tar.next()) {
    const ArchiveMember& member = tar.member();
    const std::size_t number = val_number(member.path, count);
    if (number == 0) {
      tar.refuse(fmt::format("is not named like {}00000001.JPEG, up to {}", kValPrefix, count));
    }
    if (found[number - 1]) tar.refuse("is there twice");
    found[number - 1] = true;
    const std::size_t group = passage.done().images / kValGroup;
    if (!passage.pass(tar, {meta.val_wnids[number - 1], member.path,
                            fmt::format("images-{}", group), member.bytes})) {
      return passage.done();
    }
    if (passage.done().images % kValGroup == 0) sink.end_group();
  }
  sink.end_group();
  const auto missing = std::find(found.begin(), found.end(), false);
  if (missing != found.end()) {
    throw DataError(
        fmt::format("{} holds {} of {} images; {}{:08}.JPEG is the first that is "
                    "missing",
                    archive.path().string(), passage.done().images, count, kValPrefix,
                    missing - found.begin() + 1));
  }
  return passage.done();
}

void unpack_devkit(ArchiveFile& archive, const fs::path& folder) {
  TarReader tar(archive);
  std::uint64_t left = kDevkitLimit;
  while (tar.next()) {
    const std::string& path = tar.member().path;
    if (!path.starts_with(fmt::format("{}/", kDevkitName))) {
      tar.refuse(fmt::format("is not below {}", kDevkitName));
    }
    const std::vector<std::byte> bytes = tar.read(left);
    left -= bytes.size();
    make_folders((folder / path).parent_path());
    write_synced(folder / path, bytes);
  }
}

}  // namespace imgcls::data
