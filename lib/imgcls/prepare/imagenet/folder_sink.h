#pragma once
// Images into a folder of class folders. Internal to imgcls::data.

#include <imgcls/prepare/imagenet/image_sink.h>
#include <imgcls/prepare/imagenet/journal.h>
#include <imgcls/prepare/imagenet/write_queue.h>

#include <atomic>
#include <filesystem>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

namespace imgcls::data {

/// Writes FOLDER/WNID/NAME, by several threads. A group whose images are all on the disk is entered
/// into the journal, and only such images are not written again: those of a group under way when
/// the process ended may be incomplete.
class FolderSink final : public ImageSink {
 public:
  /// Creates the folder. `journal` must outlive this. Throws IoError.
  FolderSink(std::filesystem::path folder, Journal& journal, int threads);

  bool wants(const ArchiveImage& image) override;
  void add(const ArchiveImage& image, std::vector<std::byte> bytes) override;
  void end_group() override;
  void finish() override;

 private:
  /// A group of which images are written. Who closes it last, a thread or the caller, enters it
  /// into the journal.
  struct Group {
    std::string name;
    std::uint64_t bytes = 0;
    std::atomic<int> open{1};  // images to be written, and 1 for the caller
  };
  void close_one(const std::shared_ptr<Group>& group);

  std::filesystem::path folder_;
  Journal& journal_;
  std::set<std::string> done_;  // groups that the journal had
  std::mutex journal_mutex_;
  std::set<std::string> made_;  // class folders
  std::shared_ptr<Group> group_;
  WriteQueue queue_;  // last: its threads use the others
};

}  // namespace imgcls::data
