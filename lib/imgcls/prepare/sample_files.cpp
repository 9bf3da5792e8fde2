#include <imgcls/core/input_file.h>
#include <imgcls/data/folder_files.h>
#include <imgcls/data/shard_folder.h>
#include <imgcls/data/shard_listing.h>
#include <imgcls/prepare/sample_files.h>

#include <fmt/format.h>
#include <sys/stat.h>

#include <system_error>
#include <utility>

namespace imgcls::data {
namespace {

namespace fs = std::filesystem;

class FolderSampleFiles final : public SampleFiles {
 public:
  explicit FolderSampleFiles(fs::path root) : root_(std::move(root)) {}

  std::optional<IndexContent> list(const std::function<bool()>& go_on) override {
    const std::optional<FolderFiles> files = list_folder(root_, go_on);
    if (!files) return std::nullopt;
    IndexContent content;
    content.classes = files->classes;
    content.remarks = files->remarks;
    content.samples.resize(files->size());
    for (std::size_t i = 0; i < files->size(); ++i) {
      content.samples[i].name = files->path(i);
      content.samples[i].label = static_cast<std::uint32_t>(files->labels[i]);
    }
    return content;
  }

  std::optional<FileState> state(const SampleRecord& sample) const override {
    struct stat status {};
    if (::stat((root_ / sample.name).c_str(), &status) != 0) return std::nullopt;
    return FileState{static_cast<std::uint64_t>(status.st_size),
                     std::int64_t{status.st_mtim.tv_sec} * 1'000'000'000 + status.st_mtim.tv_nsec};
  }

  void read(SampleRecord& sample, std::vector<std::byte>& bytes) const override {
    const InputFile file(root_ / sample.name);
    sample.modified = file.modified_ns();
    bytes.resize(file.bytes());
    file.read(0, bytes);
  }

  std::string name(const SampleRecord& sample) const override {
    return (root_ / sample.name).string();
  }

 private:
  fs::path root_;
};

class ShardSampleFiles final : public SampleFiles {
 public:
  ShardSampleFiles(fs::path folder, std::string_view image_key, int threads)
      : folder_(std::move(folder)), image_key_(image_key), threads_(threads) {}

  std::optional<IndexContent> list(const std::function<bool()>& go_on) override {
    std::optional<ShardListing> listing = list_shards(folder_, image_key_, threads_, go_on);
    if (!listing) return std::nullopt;
    listing_ = *std::move(listing);
    return std::move(listing_.content);
  }
  std::optional<FileState> state(const SampleRecord& sample) const override {
    const InputFile& file = listing_.files[sample.shard];
    return FileState{file.bytes(), file.modified_ns()};
  }
  void read(SampleRecord& sample, std::vector<std::byte>& bytes) const override {
    bytes.resize(sample.bytes);
    listing_.files[sample.shard].read(sample.offset, bytes);
  }
  Digest128 shard_digest(std::size_t i) const override { return digest_of(listing_.files[i]); }
  std::string name(const SampleRecord& sample) const override {
    return fmt::format("{}: {}", listing_.files[sample.shard].path().string(), sample.name);
  }

 private:
  fs::path folder_;
  std::string image_key_;
  int threads_;
  ShardListing listing_;
};

}  // namespace

std::unique_ptr<SampleFiles> find_sample_files(const fs::path& folder, std::string_view image_key,
                                               int threads) {
  std::error_code error;
  if (fs::is_directory(folder, error) && holds_shards(folder)) {
    return std::make_unique<ShardSampleFiles>(folder, image_key, threads);
  }
  return std::make_unique<FolderSampleFiles>(folder);
}

}  // namespace imgcls::data
