#pragma once
// A data set to be indexed: which samples there are, and their bytes. Internal to imgcls::data.

#include <imgcls/data/index_content.h>

#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace imgcls::data {

/// What tells whether a sample has changed: of its file, or of the tar file it lies in.
struct FileState {
  std::uint64_t bytes = 0;
  std::int64_t modified = 0;
  friend bool operator==(const FileState&, const FileState&) = default;
};

/// The samples of a folder as they lie on the disk now.
class SampleFiles {
 public:
  virtual ~SampleFiles() = default;

  /// Kind, classes, shards and, for each sample, name, class and place: all that is known unread.
  /// Called once, before all else. Nothing once `go_on`, which is asked now and then, says no.
  /// Throws DataError and IoError.
  virtual std::optional<IndexContent> list(const std::function<bool()>& go_on) = 0;
  IndexContent list() {
    return *list([] { return true; });
  }
  /// The state of the file that holds a sample; nothing where it is not there.
  virtual std::optional<FileState> state(const SampleRecord& sample) const = 0;
  /// A sample's bytes into `bytes`, and into the sample when its file was last changed. Throws
  /// IoError.
  virtual void read(SampleRecord& sample, std::vector<std::byte>& bytes) const = 0;
  /// The digest of tar file `i`. Throws IoError.
  virtual Digest128 shard_digest(std::size_t /*i*/) const { return {}; }
  /// What messages call a sample.
  virtual std::string name(const SampleRecord& sample) const = 0;
};

/// Class folders or tar files, whichever `folder` holds. Throws IoError. Tar files are listed in
/// `threads` threads; `image_key` says which of their images are meant (open_shards).
std::unique_ptr<SampleFiles> find_sample_files(const std::filesystem::path& folder,
                                               std::string_view image_key, int threads);

}  // namespace imgcls::data
