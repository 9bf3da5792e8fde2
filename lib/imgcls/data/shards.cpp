// Sources whose samples lie in tar files.
#include <imgcls/core/error.h>
#include <imgcls/core/input_file.h>
#include <imgcls/core/sha256.h>
#include <imgcls/data/index.h>
#include <imgcls/data/member_name.h>
#include <imgcls/data/shard_listing.h>
#include <imgcls/data/source.h>

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace imgcls::data {
namespace {

namespace fs = std::filesystem;

/// Where a sample lies.
struct Place {
  std::string_view name;
  std::size_t shard;
  std::uint64_t offset, bytes;
};

class ShardSource : public Source {
 public:
  ShardSource(Origin origin, std::vector<InputFile> files)
      : origin_(std::move(origin)), files_(std::move(files)) {}

  Origin origin() const override { return origin_; }

  Sample read(std::size_t index) const override {
    const Place at = place(index);
    std::vector<std::byte> bytes(at.bytes);
    files_[at.shard].read(at.offset, bytes);
    return bytes;
  }
  std::string name(std::size_t index) const override {
    const Place at = place(index);
    return fmt::format("{}: {}", files_[at.shard].path().string(), at.name);
  }
  void will_need(std::size_t index) const override {
    const Place at = place(index);
    files_[at.shard].will_need(at.offset, at.bytes);
  }

 private:
  virtual Place place(std::size_t index) const = 0;
  Origin origin_;
  std::vector<InputFile> files_;
};

std::vector<InputFile> open_files(const fs::path& folder, const Index& index) {
  std::vector<InputFile> files;
  for (std::size_t i = 0; i < index.shards(); ++i) {
    const IndexShard shard = index.shard(i);
    const InputFile& file = files.emplace_back(folder / shard.name);
    if (file.bytes() == shard.bytes) continue;
    throw DataError(fmt::format(
        "{} has {} bytes and had {} when it was indexed; index the folder again with `imgcls "
        "prepare index {}`",
        file.path().string(), file.bytes(), shard.bytes, folder.string()));
  }
  return files;
}

class IndexedShardSource final : public ShardSource {
 public:
  IndexedShardSource(const Origin& origin, Index index)
      : ShardSource(origin, open_files(origin.path, index)),
        index_(std::move(index)),
        good_(index_) {
    check_images(origin);
  }

  std::size_t size() const override { return good_.size(); }
  std::int64_t label(std::size_t index) const override { return sample(index).label; }
  const std::vector<std::string>& classes() const override { return index_.classes(); }
  std::string fingerprint() const override { return index_.fingerprint(); }
  std::span<const std::byte> checkpoints(std::size_t index) const override {
    return sample(index).checkpoints;
  }

 private:
  /// An index is of the images that were asked for when it was made.
  void check_images(const Origin& origin) const {
    const std::vector<std::string> wanted = image_extensions(origin.image_key);
    for (std::size_t i = 0; !wanted.empty() && i < size(); ++i) {
      const auto name = split_member_name(sample(i).name);
      if (name && std::find(wanted.begin(), wanted.end(), name->extension) != wanted.end())
        continue;
      throw DataError(fmt::format(
          "{} is none of the images that data.image_key={} asks for, and the index of {} is of it; "
          "make it again with `imgcls prepare index {} --image-key {}`",
          this->name(i), origin.image_key, origin.path.string(), origin.path.string(),
          origin.image_key));
    }
  }

  IndexSample sample(std::size_t index) const { return index_.sample(good_[index]); }
  Place place(std::size_t index) const override {
    const IndexSample s = sample(index);
    return {s.name, s.shard, s.offset, s.bytes};
  }

  Index index_;
  GoodSamples good_;
};

/// Tar files without an index: their members' names and places alone.
class ListedShardSource final : public ShardSource {
 public:
  ListedShardSource(Origin origin, ShardListing listing)
      : ShardSource(std::move(origin), std::move(listing.files)),
        content_(std::move(listing.content)) {}

  std::size_t size() const override { return content_.samples.size(); }
  std::int64_t label(std::size_t index) const override { return content_.samples.at(index).label; }
  const std::vector<std::string>& classes() const override { return content_.classes; }
  std::string fingerprint() const override {
    Sha256 hash;
    for (const SampleRecord& sample : content_.samples) {
      hash.update(sample.name).update(fmt::format("\n{} {}\n", sample.label, sample.bytes));
    }
    return hash.hex();
  }
  std::vector<std::string> remarks() const override { return content_.remarks; }

 private:
  Place place(std::size_t index) const override {
    const SampleRecord& s = content_.samples.at(index);
    return {s.name, s.shard, s.offset, s.bytes};
  }

  IndexContent content_;
};

}  // namespace

std::unique_ptr<Source> open_shards(const fs::path& folder, const fs::path& index,
                                    std::string_view image_key) {
  std::error_code error;
  if (!fs::is_directory(folder, error)) {
    throw DataError(
        fmt::format("there is no folder {}; expected one of .tar files", folder.string()));
  }
  const Origin origin{.format = "shards", .path = folder, .image_key = std::string(image_key)};
  if (auto found = find_index(folder, IndexKind::shards, index)) {
    return std::make_unique<IndexedShardSource>(origin, *std::move(found));
  }
  return std::make_unique<ListedShardSource>(origin, list_shards(folder, image_key, 0));
}

}  // namespace imgcls::data
