#include <imgcls/core/error.h>
#include <imgcls/core/parallel.h>
#include <imgcls/core/xxh3.h>
#include <imgcls/data/index.h>
#include <imgcls/prepare/make_index.h>
#include <imgcls/prepare/sample_files.h>

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>
#include <string_view>
#include <utility>

namespace imgcls::data {
namespace {

/// A name that is unique in the data set: a member's with its tar file's.
std::string full_name(std::string_view shard, std::string_view name) {
  return shard.empty() ? std::string(name) : fmt::format("{}: {}", shard, name);
}

std::map<std::string, std::size_t> names_of(const IndexContent& content) {
  std::map<std::string, std::size_t> names;
  for (std::size_t i = 0; i < content.samples.size(); ++i) {
    const SampleRecord& sample = content.samples[i];
    const bool folder = content.kind == IndexKind::folder;
    names.emplace(full_name(folder ? "" : content.shards[sample.shard].name, sample.name), i);
  }
  return names;
}

/// A sample that is there and in the index.
struct Pair {
  std::size_t now, then;
};

/// How a sample's bytes differ from what the index says; empty: they do not.
std::string difference(const SampleFiles& files, SampleRecord sample, const IndexSample& then,
                       std::vector<std::byte>& bytes) {
  try {
    files.read(sample, bytes);
  } catch (const IoError& e) {
    return then.corrupt() && then.hash == 0 ? "" : e.what();
  }
  const std::string name = files.name(sample);
  if (sample.label != then.label) {
    return fmt::format("{} has the class {}, not {}", name, sample.label, then.label);
  }
  if (bytes.size() != then.bytes) {
    return fmt::format("{} has {} bytes, not {}", name, bytes.size(), then.bytes);
  }
  return xxh3(bytes) == then.hash ? "" : fmt::format("{} has other bytes", name);
}

}  // namespace

CheckReport check_index(const std::filesystem::path& folder, const IndexOptions& options) {
  const Index index = Index::read(options.file.empty() ? folder / kIndexName : options.file);
  const auto files = find_sample_files(folder, options.image_key, options.threads);
  const IndexContent now = files->list();
  CheckReport report;
  report.samples = now.samples.size();
  if (now.kind != index.kind()) {
    report.differences.emplace_back(
        "the index is one of class folders, or of shards; these are not");
    return report;
  }
  if (now.classes != index.classes()) report.differences.emplace_back("the classes are others");

  auto names = names_of(now);
  std::vector<Pair> pairs;
  for (std::size_t i = 0; i < index.size(); ++i) {
    const IndexSample sample = index.sample(i);
    const bool is_folder = index.kind() == IndexKind::folder;
    const auto found =
        names.find(full_name(is_folder ? "" : index.shard(sample.shard).name, sample.name));
    if (found == names.end()) {
      report.differences.push_back(fmt::format("{} is gone", sample.name));
      continue;
    }
    pairs.push_back({found->second, i});
    names.erase(found);
  }
  for (const auto& [name, i] : names) report.differences.push_back(fmt::format("{} is new", name));

  std::vector<std::string> changes(pairs.size());
  std::vector<std::vector<std::byte>> buffers(parallel_workers(pairs.size(), options.threads));
  std::atomic<std::size_t> done{0};
  std::atomic<std::uint64_t> bytes{0};
  report.stopped = !run_parallel(
      pairs.size(), options.threads,
      [&](std::size_t i, std::size_t worker) {
        const Pair& pair = pairs[i];
        changes[i] =
            difference(*files, now.samples[pair.now], index.sample(pair.then), buffers[worker]);
        bytes += buffers[worker].size();
        ++done;
      },
      [&] {
        return options.go_on({done, pairs.size(), bytes});
      });
  for (std::string& change : changes) {
    if (!change.empty()) report.differences.push_back(std::move(change));
  }
  return report;
}

}  // namespace imgcls::data
