#include <imgcls/core/error.h>
#include <imgcls/core/input_file.h>
#include <imgcls/core/sha256.h>
#include <imgcls/data/index.h>
#include <imgcls/data/index_format.h>
#include <imgcls/data/path_names.h>
#include <imgcls/image/decode.h>

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <system_error>
#include <utility>

namespace imgcls::data {
namespace {

namespace fs = std::filesystem;
using namespace index_format;

[[noreturn]] void fail(std::string_view name, std::string_view reason) {
  throw DataError(fmt::format(
      "{} is not a usable index: {}; make it again with `imgcls prepare index`, or remove it", name,
      reason));
}

void require(bool good, std::string_view name, std::string_view reason) {
  if (!good) fail(name, reason);
}

template <class Row>
Row row_at(const std::byte* at) {
  Row row;
  std::memcpy(&row, at, sizeof row);
  return row;
}

std::unique_ptr<std::byte[]> memory(std::size_t bytes) {
  return std::make_unique_for_overwrite<std::byte[]>(bytes);
}

}  // namespace

Index Index::read(const fs::path& path) {
  const InputFile file(path);
  Index index;
  index.bytes_ = file.bytes();
  index.file_ = memory(index.bytes_);
  file.read(0, {index.file_.get(), index.bytes_});
  index.check(path.string());
  return index;
}

Index Index::parse(std::span<const std::byte> file, std::string_view name) {
  Index index;
  index.bytes_ = file.size();
  index.file_ = memory(index.bytes_);
  std::copy(file.begin(), file.end(), index.file_.get());
  index.check(name);
  return index;
}

void Index::check(std::string_view name) {
  check_header(name);
  check_digest(name);
  check_tables(name);
}

// Finds the parts, and that they fill the file: counts are bounded by its size before they are
// multiplied.
void Index::check_header(std::string_view name) {
  require(bytes_ >= sizeof(Header) + kDigestBytes, name,
          fmt::format("it has {} bytes, less than a header", bytes_));
  const auto header = row_at<Header>(file_.get());
  require(std::string_view(header.magic, sizeof header.magic) == kMagic, name,
          "its first bytes are not an index's");
  require(header.version == kVersion, name,
          fmt::format("its version is {}; this program reads {}", header.version, kVersion));
  require(header.kind <= 1, name, fmt::format("its kind is {}", header.kind));
  require(header.zero == 0, name, "its header's last field is not 0");
  std::uint64_t left = bytes_ - sizeof(Header) - kDigestBytes;
  const auto take = [&](std::uint64_t count, std::uint64_t size, std::string_view what) {
    require(
        count <= left / size, name,
        fmt::format("its header claims {} {}, more than its {} bytes hold", count, what, bytes_));
    left -= count * size;
    return static_cast<std::size_t>(count * size);
  };
  kind_ = static_cast<IndexKind>(header.kind);
  class_table_ = sizeof(Header);
  shard_table_ = class_table_ + take(header.classes, sizeof(ClassRow), "classes");
  sample_table_ = shard_table_ + take(header.shards, sizeof(ShardRow), "shards");
  text_ = sample_table_ + take(header.samples, sizeof(SampleRow), "samples");
  checkpoints_ = text_ + take(header.text, 1, "bytes of text");
  end_ = checkpoints_ + take(header.checkpoints, 1, "bytes of checkpoints");
  require(left == 0, name, fmt::format("{} bytes are left over", left));
  require(header.samples <= std::numeric_limits<std::uint32_t>::max(), name,
          fmt::format("it has {} samples; at most 2^32 - 1 are supported", header.samples));
  samples_ = header.samples;
  shards_ = header.shards;
  classes_.resize(header.classes);
}

void Index::check_digest(std::string_view name) const {
  const Digest128 digest = Xxh3().update({file_.get(), end_}).digest();
  require(std::memcmp(digest.data(), file_.get() + end_, kDigestBytes) == 0, name,
          "its bytes do not have its digest: it is damaged");
}

std::string_view Index::text(std::uint64_t begin, std::uint64_t end) const {
  return {reinterpret_cast<const char*>(file_.get() + text_ + begin),
          static_cast<std::size_t>(end - begin)};
}

namespace {

std::string_view sample_fault(const SampleRow& row, IndexKind kind, std::size_t classes) {
  if (row.zero != 0) return "its last field is not 0";
  if (row.label >= classes) return "its class is not below the number of classes";
  if ((row.flags & ~kKnownFlags) != 0) return "it has flags that this version does not know";
  if (kind == IndexKind::folder && row.shard != 0) return "it names a shard";
  const std::uint64_t pixels = std::uint64_t{row.width} * row.height;
  if (pixels > kMaxPixels) return "it has too many pixels";
  if (pixels == 0 && (row.flags & kCorrupt) == 0) return "it has no pixels";
  return {};
}

}  // namespace

void Index::check_tables(std::string_view name) {
  std::uint64_t text_end = 0, checkpoints_end = 0;
  const std::uint64_t text_bytes = checkpoints_ - text_, checkpoint_bytes = end_ - checkpoints_;
  const auto next_text = [&](std::uint64_t end, std::string_view what, std::size_t i) {
    require(end > text_end && end <= text_bytes, name,
            fmt::format("the name of {} {} does not lie in its text", what, i));
    const std::string_view found = text(std::exchange(text_end, end), end);
    require(found.find('\0') == std::string_view::npos, name,
            fmt::format("the name of {} {} has a zero byte", what, i));
    return found;
  };
  for (std::size_t i = 0; i < classes_.size(); ++i) {
    classes_[i] = next_text(
        row_at<ClassRow>(file_.get() + class_table_ + i * sizeof(ClassRow)).text_end, "class", i);
  }
  require(kind_ == IndexKind::shards || shards_ == 0, name, "a folder's index names shards");
  for (std::size_t i = 0; i < shards_; ++i) {
    const auto row = row_at<ShardRow>(file_.get() + shard_table_ + i * sizeof(ShardRow));
    const std::string_view file = next_text(row.text_end, "shard", i);
    require(is_safe_name(file) && file.find('/') == std::string_view::npos, name,
            fmt::format("shard {} has an impossible name", i));
  }
  for (std::size_t i = 0; i < samples_; ++i) {
    const auto row = row_at<SampleRow>(file_.get() + sample_table_ + i * sizeof(SampleRow));
    const std::string_view file = next_text(row.text_end, "sample", i);
    const auto fault = [&](std::string_view what) {
      fail(name, fmt::format("sample {}: {}", i, what));
    };
    if (!is_safe_name(file)) fault("it has an impossible name");
    if (const auto what = sample_fault(row, kind_, classes_.size()); !what.empty()) fault(what);
    if (row.checkpoints_end < checkpoints_end || row.checkpoints_end > checkpoint_bytes) {
      fault("its checkpoints do not lie in the file");
    }
    checkpoints_end = row.checkpoints_end;
    if (kind_ == IndexKind::folder) continue;
    if (row.shard >= shards_) fault("it lies in a shard that is not there");
    const std::uint64_t shard_bytes = shard(row.shard).bytes;
    if (row.place > shard_bytes || row.bytes > shard_bytes - row.place) {
      fault("it does not lie in its shard");
    }
  }
  require(text_end == text_bytes && checkpoints_end == checkpoint_bytes, name,
          "bytes of its text or checkpoints belong to no sample");
}

IndexShard Index::shard(std::size_t i) const {
  const std::byte* at = file_.get() + shard_table_ + i * sizeof(ShardRow);
  const auto row = row_at<ShardRow>(at);
  // The first field of the row before, in whichever table that is, is where the text begins.
  std::uint64_t begin = 0;
  if (i > 0) {
    begin = row_at<ShardRow>(at - sizeof(ShardRow)).text_end;
  } else if (!classes_.empty()) {
    begin = row_at<ClassRow>(at - sizeof(ClassRow)).text_end;
  }
  IndexShard shard{text(begin, row.text_end), row.bytes, row.modified, {}};
  std::memcpy(shard.digest.data(), row.digest, sizeof row.digest);
  return shard;
}

IndexSample Index::sample(std::size_t i) const {
  const std::byte* at = file_.get() + sample_table_ + i * sizeof(SampleRow);
  const auto row = row_at<SampleRow>(at);
  std::uint64_t begin = 0, checkpoints_begin = 0;
  if (i > 0) {
    const auto before = row_at<SampleRow>(at - sizeof(SampleRow));
    begin = before.text_end;
    checkpoints_begin = before.checkpoints_end;
  } else if (shards_ > 0) {
    begin = row_at<ShardRow>(at - sizeof(ShardRow)).text_end;
  } else if (!classes_.empty()) {
    begin = row_at<ClassRow>(at - sizeof(ClassRow)).text_end;
  }
  const bool folder = kind_ == IndexKind::folder;
  return {.name = text(begin, row.text_end),
          .label = row.label,
          .shard = row.shard,
          .offset = folder ? 0 : row.place,
          .bytes = row.bytes,
          .modified = folder ? static_cast<std::int64_t>(row.place) : 0,
          .hash = row.hash,
          .width = row.width,
          .height = row.height,
          .flags = row.flags,
          .checkpoints = {file_.get() + checkpoints_ + checkpoints_begin,
                          static_cast<std::size_t>(row.checkpoints_end - checkpoints_begin)}};
}

std::string Index::fingerprint() const {
  Sha256 hash;
  for (const std::string& name : classes_) hash.update(name).update(std::string_view("\0", 1));
  struct Part {
    std::uint64_t label, bytes, hash;
  };
  for (std::size_t i = 0; i < samples_; ++i) {
    const IndexSample s = sample(i);
    if (s.corrupt()) continue;
    const Part part{s.label, s.bytes, s.hash};
    hash.update(std::as_bytes(std::span(&part, 1)));
  }
  return hash.hex();
}

GoodSamples::GoodSamples(const Index& index) : count_(index.size()) {
  std::size_t corrupt = 0;
  for (std::size_t i = 0; i < index.size(); ++i) corrupt += index.sample(i).corrupt() ? 1 : 0;
  if (corrupt == 0) return;
  all_ = false;
  numbers_.reserve(count_ - corrupt);
  for (std::size_t i = 0; i < index.size(); ++i) {
    if (!index.sample(i).corrupt()) numbers_.push_back(static_cast<std::uint32_t>(i));
  }
}

std::optional<Index> find_index(const fs::path& folder, IndexKind kind, const fs::path& file) {
  const fs::path path = file.empty() ? folder / kIndexName : file;
  std::error_code error;
  if (file.empty() && !fs::exists(path, error)) return std::nullopt;
  Index index = Index::read(path);
  if (index.kind() != kind) {
    fail(std::string_view(path.native()), kind == IndexKind::folder
                                              ? "it is one of shards, not of class folders"
                                              : "it is one of class folders, not of shards");
  }
  return index;
}

}  // namespace imgcls::data
