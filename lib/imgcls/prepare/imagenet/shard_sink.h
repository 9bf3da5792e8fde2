#pragma once
// Images of an archive into shards. Internal to imgcls::data.

#include <imgcls/prepare/imagenet/image_sink.h>
#include <imgcls/prepare/imagenet/meta_bin.h>
#include <imgcls/prepare/imagenet/write_queue.h>
#include <imgcls/prepare/shard_writer.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace imgcls::data {

/// Writes the images in the archive's order, in a thread of its own. Shards of an earlier run that
/// are whole are kept, and their images not wanted again. Names are those of `imgcls prepare
/// shards`; classes are numbered in the order of their wnids.
class ShardSink final : public ImageSink {
 public:
  /// Throws IoError.
  ShardSink(std::filesystem::path folder, const ImageNetMeta& meta, ShardLimits limits = {});

  bool wants(const ArchiveImage& image) override;
  void add(const ArchiveImage& image, std::vector<std::byte> bytes) override;
  void end_group() override {}
  void finish() override;

 private:
  std::vector<std::string> classes_;
  std::map<std::string, std::int64_t> labels_;
  ShardWriter writer_;
  std::size_t asked_ = 0;
  WriteQueue queue_;  // last: its thread uses the others
};

}  // namespace imgcls::data
