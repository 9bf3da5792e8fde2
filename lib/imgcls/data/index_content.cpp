#include <imgcls/core/new_file.h>
#include <imgcls/data/index_content.h>
#include <imgcls/data/index_format.h>

#include <algorithm>
#include <cstring>
#include <span>

namespace imgcls::data {
namespace {

using namespace index_format;

/// A file and the digest of what went into it, written in large pieces.
class Output {
 public:
  explicit Output(const std::filesystem::path& path) : file_(path) {}

  void put(std::span<const std::byte> bytes) {
    digest_.update(bytes);
    pending_.insert(pending_.end(), bytes.begin(), bytes.end());
    if (pending_.size() >= kPiece) flush();
  }
  void put(std::string_view text) { put(std::as_bytes(std::span(text))); }
  template <class Row>
  void put_row(const Row& row) {
    put(std::as_bytes(std::span(&row, 1)));
  }
  void finish() {
    put(digest_.digest());
    flush();
    file_.commit();
  }

 private:
  static constexpr std::size_t kPiece = std::size_t{1} << 20;
  void flush() {
    file_.write(pending_);
    pending_.clear();
  }

  NewFile file_;
  Xxh3 digest_;
  std::vector<std::byte> pending_;
};

Header header_of(const IndexContent& content) {
  Header header{};
  std::copy(kMagic.begin(), kMagic.end(), header.magic);
  header.version = kVersion;
  header.kind = static_cast<std::uint32_t>(content.kind);
  header.classes = content.classes.size();
  header.shards = content.shards.size();
  header.samples = content.samples.size();
  for (const auto& name : content.classes) header.text += name.size();
  for (const auto& shard : content.shards) header.text += shard.name.size();
  for (const auto& sample : content.samples) {
    header.text += sample.name.size();
    header.checkpoints += sample.checkpoints.size();
  }
  return header;
}

void put_tables(Output& out, const IndexContent& content) {
  std::uint64_t text = 0, checkpoints = 0;
  for (const auto& name : content.classes) out.put_row(ClassRow{text += name.size()});
  for (const auto& shard : content.shards) {
    ShardRow row{text += shard.name.size(), shard.bytes, shard.modified, {}};
    std::copy(shard.digest.begin(), shard.digest.end(), row.digest);
    out.put_row(row);
  }
  const bool folder = content.kind == IndexKind::folder;
  for (const auto& s : content.samples) {
    out.put_row(SampleRow{.text_end = text += s.name.size(),
                          .checkpoints_end = checkpoints += s.checkpoints.size(),
                          .bytes = s.bytes,
                          .hash = s.hash,
                          .place = folder ? static_cast<std::uint64_t>(s.modified) : s.offset,
                          .label = s.label,
                          .shard = s.shard,
                          .width = s.width,
                          .height = s.height,
                          .flags = s.flags,
                          .zero = 0});
  }
}

}  // namespace

void write_index(const std::filesystem::path& path, const IndexContent& content) {
  Output out(path);
  out.put_row(header_of(content));
  put_tables(out, content);
  for (const auto& name : content.classes) out.put(name);
  for (const auto& shard : content.shards) out.put(shard.name);
  for (const auto& sample : content.samples) out.put(sample.name);
  for (const auto& sample : content.samples) out.put(sample.checkpoints);
  out.finish();
}

}  // namespace imgcls::data
