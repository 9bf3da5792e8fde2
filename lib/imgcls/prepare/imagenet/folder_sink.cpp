#include <imgcls/core/file.h>
#include <imgcls/prepare/imagenet/folder_sink.h>

#include <fmt/format.h>

#include <system_error>
#include <utility>

namespace imgcls::data {
namespace {

namespace fs = std::filesystem;

}  // namespace

FolderSink::FolderSink(fs::path folder, Journal& journal, int threads)
    : folder_(std::move(folder)), journal_(journal), queue_(threads, kWaitingLimit) {
  make_folders(folder_);
  for (const auto& [group, written] : journal_.entries()) done_.insert(group);
}

bool FolderSink::wants(const ArchiveImage& image) {
  if (!done_.contains(image.group)) return true;
  const fs::path path = folder_ / image.wnid / image.name;
  std::error_code missing;
  return fs::file_size(path, missing) != image.bytes || missing;
}

void FolderSink::add(const ArchiveImage& image, std::vector<std::byte> bytes) {
  if (made_.insert(image.wnid).second) make_folders(folder_ / image.wnid);
  if (!group_) {
    group_ = std::make_shared<Group>();
    group_->name = image.group;
  }
  group_->bytes += bytes.size();
  ++group_->open;
  const std::uint64_t size = bytes.size();
  queue_.add(size, [this, group = group_, path = folder_ / image.wnid / image.name,
                    content = std::move(bytes)] {
    write_unsynced(path, content);
    close_one(group);
  });
}

void FolderSink::end_group() {
  if (const auto group = std::exchange(group_, nullptr)) close_one(group);
}

void FolderSink::close_one(const std::shared_ptr<Group>& group) {
  if (--group->open > 0) return;
  // One flush for all files of the group: one for each would take hours.
  sync_filesystem(folder_);
  const std::lock_guard lock(journal_mutex_);
  journal_.add(group->name, fmt::format("{}", group->bytes));
}

void FolderSink::finish() {
  queue_.finish();
  sync_filesystem(folder_);
}

}  // namespace imgcls::data
