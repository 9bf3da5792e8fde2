#include <imgcls/prepare/imagenet/shard_sink.h>

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace imgcls::data {

ShardSink::ShardSink(std::filesystem::path folder, const ImageNetMeta& meta, ShardLimits limits)
    : writer_(std::move(folder), limits), queue_(1, kWaitingLimit) {
  for (const ImageNetClass& one : meta.classes) classes_.push_back(one.wnid);
  std::sort(classes_.begin(), classes_.end());
  for (const std::string& wnid : classes_) {
    const auto label = static_cast<std::int64_t>(labels_.size());
    labels_[wnid] = label;
  }
}

bool ShardSink::wants(const ArchiveImage&) {
  return asked_++ >= writer_.kept();
}

void ShardSink::add(const ArchiveImage& image, std::vector<std::byte> bytes) {
  const std::uint64_t size = bytes.size();
  queue_.add(size, [this, image, content = std::move(bytes)] {
    const std::string path = fmt::format("{}/{}", image.wnid, image.name);
    std::string name = image.name.substr(0, image.name.rfind('.'));
    std::replace(name.begin(), name.end(), '.', '_');
    writer_.add({.key = fmt::format("{}/{}", image.wnid, name),
                 .extension = "jpg",
                 .label = labels_.at(image.wnid),
                 .class_name = image.wnid,
                 .path = path,
                 .bytes = content});
  });
}

void ShardSink::finish() {
  queue_.finish();
  writer_.finish(classes_);
}

}  // namespace imgcls::data
