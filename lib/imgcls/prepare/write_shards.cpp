#include <imgcls/core/error.h>
#include <imgcls/core/file.h>
#include <imgcls/core/input_file.h>
#include <imgcls/core/parallel.h>
#include <imgcls/data/index.h>
#include <imgcls/data/index_content.h>
#include <imgcls/data/shard_folder.h>
#include <imgcls/prepare/shard_plan.h>
#include <imgcls/prepare/unpacked_shards.h>
#include <imgcls/prepare/write_shards.h>

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <optional>
#include <set>
#include <system_error>

namespace imgcls::data {
namespace {

namespace fs = std::filesystem;

constexpr int kWriters = 2;
// Beside the shards while they are written: the folder's index, and its tar files unpacked.
constexpr std::string_view kSourceIndex = "source.index", kUnpacked = ".unpacked";

/// A shard that is there, and where its images are.
struct Written {
  ShardFileRecord record;
  std::vector<ShardFile::Member> members;
};

class ShardsMaker {
 public:
  ShardsMaker(fs::path folder, fs::path out, const WriteShardsOptions& options)
      : folder_(std::move(folder)), input_(folder_), out_(std::move(out)), options_(options) {}

  WriteShardsReport run() {
    check_folders();
    make_folders(out_);
    if (!unpack() || !index_folder()) return std::move(report_);
    const Index folder = Index::read(out_ / kSourceIndex);
    for (std::size_t i = 0; i < folder.shards(); ++i) {
      tar_files_.emplace_back(input_ / folder.shard(i).name);
    }
    const ShardPlan plan(folder, options_.limits);
    describe(plan);
    check_strangers(plan);
    if (!find_whole(plan)) return std::move(report_);
    check_space(plan);
    if (!write(plan)) return std::move(report_);
    finish(folder, plan);
    return std::move(report_);
  }

 private:
  bool go_on(std::string_view what, const WorkStatus& status) const {
    return options_.go_on(what, status);
  }

  void check_folders() const {
    std::error_code error;
    if (fs::equivalent(folder_, out_, error)) {
      throw DataError(
          fmt::format("{} is the folder of the images; shards go into another one", out_.string()));
    }
  }

  bool unpack() {
    std::error_code error;
    if (!fs::is_directory(folder_, error) || !holds_shards(folder_)) return true;
    const auto input =
        unpacked_shards(folder_, out_ / kUnpacked, writers(),
                        [this](const WorkStatus& status) { return go_on("unpacking", status); });
    report_.stopped = !input.has_value();
    if (input) input_ = *input;
    return input.has_value();
  }

  bool index_folder() {
    const IndexReport index = make_source_index();
    report_.stopped = index.stopped;
    report_.broken = index.broken;
    report_.remarks = index.remarks;
    return !index.stopped;
  }

  IndexReport make_source_index() {
    try {
      return make_index(input_, {.file = out_ / kSourceIndex,
                                 .known = folder_ / kIndexName,
                                 .image_key = options_.image_key,
                                 .threads = options_.threads,
                                 .go_on = [this](const WorkStatus& status) {
                                   return go_on("indexing", status);
                                 }});
    } catch (const DataError& e) {
      if (input_ == folder_) throw;
      throw DataError(with_origin(e.what(), folder_, input_));
    }
  }

  void describe(const ShardPlan& plan) {
    report_.samples = plan.size();
    report_.shards = plan.shards().size();
    for (const PlannedShard& shard : plan.shards()) report_.bytes += shard.bytes;
    if (plan.size() == 0) {
      throw DataError(fmt::format("{} holds no image that can be decoded", folder_.string()));
    }
  }

  // Tar files that are none of the plan would become samples where the index is made again.
  void check_strangers(const ShardPlan& plan) const {
    std::set<std::string> planned;
    for (std::size_t i = 0; i < plan.shards().size(); ++i) planned.insert(shard_name(i));
    for (const auto& entry : fs::directory_iterator(out_)) {
      const std::string name = entry.path().filename().string();
      if (entry.path().extension() != ".tar" || planned.contains(name)) continue;
      throw DataError(fmt::format(
          "{} is none of the {} shards to be written; remove it, or give another folder",
          entry.path().string(), planned.size()));
    }
  }

  /// Looks which shards are there already and whole: by the records of a run that was interrupted,
  /// or by the index of one that was not.
  bool find_whole(const ShardPlan& plan) {
    written_.resize(plan.shards().size());
    restore_records(plan);
    const std::size_t count = plan.shards().size();
    std::atomic<std::size_t> done{0};
    std::atomic<std::uint64_t> bytes{0};
    const auto check = [&](std::size_t i, std::size_t) {
      const PlannedShard& planned = plan.shards()[i];
      const auto record = find_shard(out_ / shard_name(i));
      if (record && record->plan == planned.digest && record->bytes == planned.bytes) {
        written_[i] = Written{*record, members_of(plan, planned)};
        bytes += record->bytes;
      }
      ++done;
    };
    const bool all = run_parallel(count, writers(), check, [&] {
      return go_on("checking", {done, count, bytes});
    });
    report_.stopped = !all;
    report_.kept = static_cast<std::size_t>(std::count_if(
        written_.begin(), written_.end(), [](const auto& w) { return w.has_value(); }));
    return all;
  }

  // An index means that all shards were finished, and what they hold: their records can be made
  // again from it. From then on it is in the way: it may not fit what is written now.
  void restore_records(const ShardPlan& plan) const {
    const fs::path path = out_ / kIndexName;
    std::error_code error;
    if (!fs::exists(path, error)) return;
    try {
      const Index index = Index::read(path);
      for (std::size_t i = 0; i < std::min(index.shards(), plan.shards().size()); ++i) {
        const IndexShard shard = index.shard(i);
        if (holds(index, i, plan, plan.shards()[i]) && shard.name == shard_name(i)) {
          const PlannedShard& planned = plan.shards()[i];
          write_shard_record(out_ / shard.name, {shard.bytes, shard.digest,
                                                 planned.end - planned.begin, planned.digest});
        }
      }
    } catch (const DataError&) {  // a broken index says nothing
    }
    remove_tree(path);
  }

  /// Whether the index says of a shard what the plan does.
  static bool holds(const Index& index, std::size_t shard, const ShardPlan& plan,
                    const PlannedShard& planned) {
    if (planned.end > index.size() || index.classes() != plan.classes()) return false;
    const auto members = members_of(plan, planned);
    for (std::size_t i = planned.begin; i < planned.end; ++i) {
      const IndexSample there = index.sample(i), wanted = plan.indexed(i);
      const ShardFile::Member& member = members[i - planned.begin];
      if (there.shard != shard || there.name != member.name || there.offset != member.offset ||
          there.bytes != wanted.bytes || there.hash != wanted.hash || there.label != wanted.label) {
        return false;
      }
    }
    return true;
  }

  static std::vector<ShardFile::Member> members_of(const ShardPlan& plan,
                                                   const PlannedShard& shard) {
    std::vector<ShardFile::Member> members;
    std::uint64_t at = 0;
    for (std::size_t i = shard.begin; i < shard.end; ++i) {
      const ShardSample sample = plan.sample(i);
      members.push_back(
          {fmt::format("{}.{}", sample.key, sample.extension), at + image_offset(sample)});
      at += shard_bytes(sample, plan.indexed(i).bytes);
    }
    return members;
  }

  void check_space(const ShardPlan& plan) const {
    std::uint64_t needed = 0;
    for (std::size_t i = 0; i < written_.size(); ++i) {
      if (!written_[i]) needed += plan.shards()[i].bytes;
    }
    const std::uint64_t free = free_bytes(out_);
    if (needed <= free) return;
    throw IoError(fmt::format("the shards need {:.1f} GB more and the disk of {} has {:.1f} GB",
                              static_cast<double>(needed) * 1e-9, out_.string(),
                              static_cast<double>(free) * 1e-9));
  }

  bool write(const ShardPlan& plan) {
    std::vector<std::size_t> missing;
    for (std::size_t i = 0; i < written_.size(); ++i) {
      if (!written_[i]) missing.push_back(i);
    }
    std::atomic<std::size_t> done{0};
    std::atomic<std::uint64_t> bytes{0};
    std::atomic<bool> stop{false};
    std::size_t total = 0;
    for (const std::size_t i : missing) total += plan.shards()[i].end - plan.shards()[i].begin;
    const auto write_one = [&](std::size_t piece, std::size_t) {
      const std::size_t number = missing[piece];
      const PlannedShard& planned = plan.shards()[number];
      Written written;
      ShardFile file(out_ / shard_name(number));
      for (std::size_t i = planned.begin; i < planned.end; ++i) {
        if (stop) return;
        written.members.push_back(add(plan, i, file));
        ++done;
        bytes += plan.indexed(i).bytes;
      }
      written.record = file.finish(planned.digest);
      written_[number] = std::move(written);
    };
    run_parallel(missing.size(), writers(), write_one, [&] {
      if (!go_on("writing", {done, total, bytes})) stop = true;
      return !stop;
    });
    go_on("writing", {done, total, bytes});
    report_.stopped = std::any_of(written_.begin(), written_.end(),
                                  [](const auto& shard) { return !shard.has_value(); });
    return !report_.stopped;
  }

  ShardFile::Member add(const ShardPlan& plan, std::size_t i, ShardFile& file) const {
    const IndexSample indexed = plan.indexed(i);
    const std::vector<std::byte> bytes = read(indexed);
    if (bytes.size() != indexed.bytes || xxh3(bytes) != indexed.hash) {
      const fs::path file =
          tar_files_.empty() ? input_ / indexed.name : tar_files_[indexed.shard].path();
      throw DataError(
          fmt::format("{} has changed while the shards were written; start again", file.string()));
    }
    ShardSample sample = plan.sample(i);
    sample.bytes = bytes;
    return file.add(sample);
  }

  std::vector<std::byte> read(const IndexSample& sample) const {
    if (tar_files_.empty()) return read_file(input_ / sample.name);
    std::vector<std::byte> bytes(sample.bytes);
    tar_files_[sample.shard].read(sample.offset, bytes);
    return bytes;
  }

  void finish(const Index& folder, const ShardPlan& plan) {
    IndexContent content;
    content.kind = IndexKind::shards;
    content.classes = folder.classes();
    for (std::size_t number = 0; number < written_.size(); ++number) {
      const Written& shard = *written_[number];
      const PlannedShard& planned = plan.shards()[number];
      const InputFile file(out_ / shard_name(number));
      content.shards.push_back(
          {shard_name(number), shard.record.bytes, file.modified_ns(), shard.record.digest});
      for (std::size_t i = planned.begin; i < planned.end; ++i) {
        const IndexSample from = plan.indexed(i);
        const ShardFile::Member& member = shard.members[i - planned.begin];
        content.samples.push_back(
            {.name = member.name,
             .label = from.label,
             .shard = static_cast<std::uint32_t>(number),
             .offset = member.offset,
             .bytes = from.bytes,
             .modified = 0,
             .hash = from.hash,
             .width = from.width,
             .height = from.height,
             .flags = from.flags,
             .checkpoints = {from.checkpoints.begin(), from.checkpoints.end()}});
      }
    }
    write_class_names(out_, content.classes);
    write_index(out_ / kIndexName, content);
    tidy_up();
  }

  void tidy_up() {
    remove_shard_records(out_);
    remove_tree(out_ / kUnpacked);
    const fs::path source = out_ / kSourceIndex;
    remove_tree(source);
    const fs::path list = out_ / "left-out.txt";
    remove_tree(list);
    fs::path from = source;
    from += ".broken.txt";
    if (report_.broken.empty()) return;
    fs::rename(from, list);
    report_.broken_list = list;
  }

  int writers() const { return options_.threads > 0 ? options_.threads : kWriters; }

  fs::path folder_, input_, out_;  // input: the folder, or its tar files unpacked
  std::vector<InputFile> tar_files_;
  const WriteShardsOptions& options_;
  WriteShardsReport report_;
  std::vector<std::optional<Written>> written_;
};

}  // namespace

WriteShardsReport write_shards(const fs::path& folder, const fs::path& out,
                               const WriteShardsOptions& options) {
  return ShardsMaker(folder, out, options).run();
}

}  // namespace imgcls::data
