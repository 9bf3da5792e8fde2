#include <imgcls/core/error.h>
#include <imgcls/core/file.h>
#include <imgcls/core/file_lock.h>
#include <imgcls/core/log.h>
#include <imgcls/core/new_file.h>
#include <imgcls/prepare/imagenet/archives.h>
#include <imgcls/prepare/imagenet/devkit.h>
#include <imgcls/prepare/imagenet/folder_sink.h>
#include <imgcls/prepare/imagenet/prepare.h>
#include <imgcls/prepare/imagenet/record.h>
#include <imgcls/prepare/imagenet/shard_sink.h>

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <set>
#include <system_error>

namespace imgcls::data {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

/// Sizes of the official archives: a download that broke off is known without reading it.
const std::map<std::string_view, std::uint64_t> kOfficialBytes = {{kTrainArchive, 147'897'477'120},
                                                                  {kValArchive, 6'744'924'160}};

std::string_view archive_of(std::string_view split) {
  return split == "train" ? kTrainArchive : kValArchive;
}

/// One process at a time works in a folder.
void require_alone(const FileLock& lock, const fs::path& folder, const Log& log) {
  if (lock.state() == FileLock::State::held_by_another) {
    throw DataError(fmt::format("another process is at work in {}", folder.string()));
  }
  if (lock.state() == FileLock::State::unsupported) {
    log.warn(fmt::format(
        "the file system of {} has no locks: see to it that no other process prepares there",
        folder.string()));
  }
}

/// Bytes that may still be written where `folder` is, or will be.
std::uint64_t free_bytes_for(fs::path folder) {
  folder = fs::absolute(folder);
  while (!fs::exists(folder) && folder.has_relative_path()) folder = folder.parent_path();
  return free_bytes(folder);
}

class Preparation {
 public:
  Preparation(const PrepareImageNetOptions& options, const Log& log, const GoOnPreparing& go_on)
      : options_(options),
        log_(log),
        go_on_(go_on),
        unfinished_(options.out / ".unfinished"),
        record_(read_record(options.out)) {}

  PrepareImageNetEnd run() {
    for (const std::string& split : options_.splits) find(split);
    if (record_.devkit && missing_.empty()) {
      if (asks_for("val") && asks_for("train")) {
        remove_tree(unfinished_);  // which a run that was killed at its very end has left
      }
      return PrepareImageNetEnd::was_complete;
    }
    if (!record_.devkit) check_archive(kDevkitArchive);
    for (const std::string& split : missing_) check_archive(archive_of(split));
    check_space();
    make_folders(unfinished_);
    {
      const FileLock lock(unfinished_ / "lock");
      require_alone(lock, unfinished_, log_);
      record_ = read_record(options_.out);  // what a process before has completed meanwhile
      const ImageNetMeta meta = prepare_devkit();
      for (const std::string& split : missing_) {
        const bool made = record_.splits.contains(split) && fs::exists(options_.out / split);
        if (!made && !prepare_split(split, meta)) return PrepareImageNetEnd::stopped;
      }
    }
    remove_tree(unfinished_);
    return PrepareImageNetEnd::complete;
  }

 private:
  bool asks_for(std::string_view split) const {
    return std::ranges::find(options_.splits, split) != options_.splits.end();
  }

  fs::path journal_path(const std::string& split) const {
    return unfinished_ / (split + ".journal");
  }

  void find(const std::string& split) {
    const auto found = record_.splits.find(split);
    if (found == record_.splits.end() || !fs::exists(options_.out / split)) {
      missing_.push_back(split);
      return;
    }
    if ((found->second.shards > 0) != options_.shards) {
      throw DataError(fmt::format(
          "{} is complete as {}; give another --out for {}", (options_.out / split).string(),
          options_.shards ? "folders" : "shards", options_.shards ? "shards" : "folders"));
    }
    check_split(options_.out, split, found->second);
  }

  fs::path archive_path(std::string_view archive) const { return options_.archives / archive; }

  const std::string& sum_of(std::string_view archive) const {
    const auto found = options_.sums.find(archive);
    if (found == options_.sums.end()) {
      throw ConfigError(
          fmt::format("there is no MD5 sum to compare {} with", archive_path(archive).string()));
    }
    return found->second;
  }

  void check_archive(std::string_view archive) const {
    const fs::path path = archive_path(archive);
    const std::uint64_t bytes = ArchiveFile(path, false).size();
    if (!options_.verify) return;
    const auto official = kOfficialBytes.find(archive);
    if (sum_of(archive) != official_imagenet_sums().find(archive)->second) return;
    if (official == kOfficialBytes.end() || official->second == bytes) return;
    throw DataError(fmt::format(
        "{} has {} bytes and the official archive {}: {}", path.string(), bytes, official->second,
        bytes < official->second ? "it is not completely downloaded" : "it is another one"));
  }

  /// What tells an archive from another one in its place.
  std::string subject(const std::string& split) const {
    const fs::path path = archive_path(archive_of(split));
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0) {
      throw IoError(
          fmt::format("cannot read {}: {}", path.string(), std::generic_category().message(errno)));
    }
    return fmt::format("imgcls 1 {} {} bytes, changed {}.{:09}",
                       options_.shards ? "shards" : "folders", status.st_size,
                       status.st_mtim.tv_sec, status.st_mtim.tv_nsec);
  }

  // A file takes whole blocks of the disk, on average half of one more than its bytes: 4 % leaves
  // room for that with images of 110 kB.
  void check_space() const {
    std::uint64_t needed = 0;
    for (const std::string& split : missing_) {
      const std::uint64_t bytes = fs::file_size(archive_path(archive_of(split)));
      needed += bytes + bytes / 25;
      for (const auto& [group, written] : read_journal(journal_path(split), subject(split))) {
        needed -= std::min<std::uint64_t>(needed, std::strtoull(written.c_str(), nullptr, 10));
      }
    }
    const std::uint64_t available = free_bytes_for(options_.out);
    if (needed <= available) return;
    throw IoError(fmt::format(
        "not enough room for {} in {}: {} bytes ({:.1f} GB) are needed, {} bytes ({:.1f} GB) are "
        "free",
        fmt::join(missing_, " and "), options_.out.string(), needed,
        static_cast<double>(needed) / 1e9, available, static_cast<double>(available) / 1e9));
  }

  void compare_md5(ArchiveFile& archive, std::string_view name, const std::string& consequence) {
    const std::string found = archive.md5();
    if (found == sum_of(name)) return;
    throw DataError(
        fmt::format("{} has the MD5 sum {}; expected {}: it is damaged or another "
                    "archive. {}",
                    archive.path().string(), found, sum_of(name), consequence));
  }

  ImageNetMeta prepare_devkit() {
    const fs::path folder = options_.out / "dev";
    if (record_.devkit) return read_devkit(folder / kDevkitName);
    const fs::path path = archive_path(kDevkitArchive);
    if (options_.verify) {
      ArchiveFile archive(path, true);
      compare_md5(archive, kDevkitArchive, "Nothing was unpacked");
    }
    ArchiveFile archive(path, false);
    const fs::path temporary = unfinished_ / "dev";
    remove_tree(temporary);
    make_folders(temporary);
    unpack_devkit(archive, temporary);
    ImageNetMeta meta = read_devkit(temporary / kDevkitName);
    const std::vector<std::byte> bytes = write_meta_bin(meta);
    make_folders(folder);
    replace_folder(temporary / kDevkitName, folder / kDevkitName);
    replace_file(options_.out / "meta.bin",
                 {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
    record_.devkit = true;
    write_record(options_.out, record_);
    log_.info(fmt::format("devkit: {} classes, {} validation labels", meta.classes.size(),
                          meta.val_wnids.size()));
    return meta;
  }

  /// False: stopped.
  bool prepare_split(const std::string& split, const ImageNetMeta& meta) {
    const fs::path made = options_.out / split, making = unfinished_ / split;
    Journal journal(journal_path(split), subject(split));
    if (!journal.goes_on()) remove_tree(making);
    const bool is_made = fs::exists(fs::symlink_status(made));
    const bool whole = journal.entries().contains(kWhole) && is_made != fs::exists(making);
    if (is_made && !whole) {
      throw DataError(fmt::format(
          "{} is there and was not made by this command; remove it, or give another --out",
          made.string()));
    }
    if (!whole && !unpack(split, meta, journal, making)) return false;
    if (!is_made) replace_folder(making, made);
    if (options_.shards) remove_shard_records(made);
    record_.splits[split] = split_record(journal.entries().find(kWhole)->second);
    write_record(options_.out, record_);
    return true;
  }

  std::unique_ptr<ImageSink> make_sink(const fs::path& making, Journal& journal,
                                       const ImageNetMeta& meta) const {
    if (options_.shards) return std::make_unique<ShardSink>(making, meta);
    return std::make_unique<FolderSink>(making, journal, options_.threads);
  }

  bool unpack(const std::string& split, const ImageNetMeta& meta, Journal& journal,
              const fs::path& making) {
    if (journal.goes_on()) log_.info(fmt::format("{}: resuming with what is there", split));
    ArchiveFile archive(archive_path(archive_of(split)), options_.verify);
    const std::unique_ptr<ImageSink> sink = make_sink(making, journal, meta);
    const auto start = Clock::now();
    Clock::time_point asked;
    const auto go_on = [&](const Unpacked& done) {
      const auto now = Clock::now();
      if (now - asked < std::chrono::milliseconds(100)) return true;
      asked = now;
      return go_on_({split, done.images, archive.position(), archive.size()});
    };
    const Unpacked done = split == "train" ? unpack_train(archive, meta, *sink, go_on)
                                           : unpack_val(archive, meta, *sink, go_on);
    if (done.stopped) return false;
    if (options_.verify) compare_split_md5(archive, split, journal);
    sink->finish();
    const std::set<std::string> wnids(meta.val_wnids.begin(), meta.val_wnids.end());
    const std::size_t classes = split == "train" ? meta.classes.size() : wnids.size();
    const std::string md5 = options_.verify ? sum_of(archive_of(split)) : "-";
    journal.add(kWhole, fmt::format("{} {} {} {} {}", classes, done.images, done.bytes, md5,
                                    options_.shards ? count_shards(making) : 0));
    const std::chrono::duration<double> took = Clock::now() - start;
    log_.info(fmt::format("{}: {} images of {} classes in {:.0f} s, MD5 {}", split, done.images,
                          classes, took.count(), options_.verify ? "right" : "not compared"));
    return true;
  }

  void compare_split_md5(ArchiveFile& archive, const std::string& split, Journal& journal) {
    try {
      compare_md5(archive, archive_of(split),
                  fmt::format("Nothing of it is in {}; what was unpacked is in {}, and will be "
                              "made anew",
                              (options_.out / split).string(), (unfinished_ / split).string()));
    } catch (const DataError&) {
      journal.clear();
      throw;
    }
  }

  static SplitRecord split_record(const std::string& whole) {
    SplitRecord record;
    std::istringstream(whole) >> record.classes >> record.images >> record.bytes >>
        record.archive_md5 >> record.shards;
    if (record.archive_md5 == "-") record.archive_md5.clear();
    return record;
  }

  static constexpr std::string_view kWhole = "whole";  // in the journal

  const PrepareImageNetOptions& options_;
  const Log& log_;
  const GoOnPreparing& go_on_;
  fs::path unfinished_;
  ImageNetRecord record_;
  std::vector<std::string> missing_;
};

}  // namespace

PrepareImageNetEnd prepare_imagenet(const PrepareImageNetOptions& options, const Log& log,
                                    const GoOnPreparing& go_on) {
  try {
    return Preparation(options, log, go_on).run();
  } catch (const fs::filesystem_error& e) {
    throw IoError(fmt::format("{}: {}", e.path1().string(), e.code().message()));
  }
}

}  // namespace imgcls::data
