#include <imgcls/core/error.h>
#include <imgcls/core/file.h>
#include <imgcls/core/parallel.h>
#include <imgcls/core/quoted_name.h>
#include <imgcls/data/index.h>
#include <imgcls/prepare/known_samples.h>
#include <imgcls/prepare/make_index.h>
#include <imgcls/prepare/sample_files.h>
#include <imgcls/prepare/scan_image.h>

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>
#include <system_error>
#include <utility>

namespace imgcls::data {
namespace {

namespace fs = std::filesystem;

fs::path with_suffix(fs::path path, std::string_view suffix) {
  path += suffix;
  return path;
}

fs::path index_path(const fs::path& folder, const IndexOptions& options) {
  return options.file.empty() ? folder / kIndexName : options.file;
}

/// The making of one index.
class IndexMaker {
 public:
  IndexMaker(const fs::path& folder, const IndexOptions& options)
      : options_(options),
        path_(index_path(folder, options)),
        partial_(with_suffix(path_, ".partial")),
        files_(find_sample_files(folder, options.image_key, options.threads)),
        content_(files_->list()),
        fresh_(content_.samples.size(), 0) {
    if (!options.known.empty()) known_.add(options.known);
    known_.add(path_);
    known_.add(partial_);
  }

  IndexReport run() {
    const std::size_t count = content_.samples.size();
    workers_.resize(parallel_workers(count, options_.threads));
    const bool all = run_parallel(
        count, options_.threads, [this](std::size_t i, std::size_t worker) { visit(i, worker); },
        [&] {
          return options_.go_on({done_, count, bytes_});
        });
    options_.go_on({done_, count, bytes_});
    if (!all || !digest_shards()) return keep_partial();
    write_index(path_, content_);
    remove_tree(partial_);
    return report();
  }

 private:
  /// What a thread keeps from one image to the next.
  struct Worker {
    std::vector<std::byte> file;
    Image image;
  };

  bool digest_shards() {
    const auto digest = [this](std::size_t i, std::size_t) {
      ShardRecord& shard = content_.shards[i];
      const auto known = known_.digest(shard);
      shard.digest = known ? *known : files_->shard_digest(i);
    };
    return run_parallel(content_.shards.size(), options_.threads, digest, [&] {
      return options_.go_on({done_, done_, bytes_});
    });
  }

  void visit(std::size_t i, std::size_t worker) {
    SampleRecord& sample = content_.samples[i];
    const auto state = files_->state(sample);
    if (state && known_.fill_in(content_, sample, *state)) {
      ++reused_;
    } else {
      read(i, sample, workers_[worker]);
    }
    fresh_[i] = 1;
    ++done_;
  }

  void read(std::size_t i, SampleRecord& sample, Worker& worker) {
    std::string reason;
    try {
      files_->read(sample, worker.file);
      reason = scan_image(worker.file, files_->name(sample), worker.image, sample);
      bytes_ += worker.file.size();
    } catch (const IoError& e) {
      if (content_.kind == IndexKind::shards) throw;
      sample.flags = kCorrupt;
      reason = e.what();
    }
    if (reason.empty()) return;
    const std::lock_guard lock(mutex_);
    broken_.emplace(i, std::move(reason));
  }

  IndexReport report() {
    IndexReport report;
    report.file = path_;
    report.samples = content_.samples.size();
    report.reused = reused_;
    report.note = known_.note();
    report.remarks = content_.remarks;
    for (auto& [i, reason] : broken_) {
      report.broken.push_back({files_->name(content_.samples[i]), std::move(reason)});
    }
    write_broken_list(report);
    return report;
  }

  void write_broken_list(IndexReport& report) const {
    const fs::path list = with_suffix(path_, ".broken.txt");
    if (report.broken.empty()) return remove_tree(list);
    std::string text;
    for (const BrokenImage& image : report.broken) {
      text += fmt::format("{}\t{}\n", quote_name(image.name), quote_name(image.reason));
    }
    replace_file(list, text);
    report.broken_list = list;
  }

  IndexReport keep_partial() {
    IndexContent partial = std::move(content_);
    std::vector<SampleRecord> samples;
    for (std::size_t i = 0; i < fresh_.size(); ++i) {
      if (fresh_[i] != 0) samples.push_back(std::move(partial.samples[i]));
    }
    partial.samples = std::move(samples);
    write_index(partial_, partial);
    IndexReport report;
    report.stopped = true;
    report.file = path_;
    report.samples = fresh_.size();
    report.reused = reused_;
    return report;
  }

  const IndexOptions& options_;
  fs::path path_, partial_;
  std::unique_ptr<SampleFiles> files_;
  IndexContent content_;
  std::vector<char> fresh_;  // which samples are filled in
  KnownSamples known_;
  std::vector<Worker> workers_;
  std::atomic<std::size_t> done_{0}, reused_{0};
  std::atomic<std::uint64_t> bytes_{0};
  std::mutex mutex_;
  std::map<std::size_t, std::string> broken_;
};

}  // namespace

IndexReport make_index(const fs::path& folder, const IndexOptions& options) {
  return IndexMaker(folder, options).run();
}

}  // namespace imgcls::data
