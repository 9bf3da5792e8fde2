#include <imgcls/core/error.h>
#include <imgcls/core/file.h>
#include <imgcls/core/quoted_name.h>
#include <imgcls/core/sha256.h>
#include <imgcls/data/folder_files.h>
#include <imgcls/data/index.h>
#include <imgcls/data/source.h>

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <system_error>
#include <utility>

namespace imgcls::data {
namespace {

namespace fs = std::filesystem;

class FolderSource final : public Source {
 public:
  explicit FolderSource(fs::path root) : root_(std::move(root)), files_(list_folder(root_)) {}

  std::size_t size() const override { return files_.size(); }
  std::int64_t label(std::size_t index) const override { return files_.labels.at(index); }
  Sample read(std::size_t index) const override { return read_file(path(index)); }
  std::string name(std::size_t index) const override { return path(index).string(); }
  const std::vector<std::string>& classes() const override { return files_.classes; }

  Origin origin() const override { return {.format = "folder", .path = root_}; }
  std::vector<std::string> remarks() const override { return files_.remarks; }
  std::string fingerprint() const override {
    Sha256 hash;
    for (std::size_t i = 0; i < size(); ++i) {
      std::error_code error;
      const auto bytes = fs::file_size(path(i), error);
      hash.update(files_.path(i)).update(fmt::format("\n{}\n", error ? 0 : bytes));
    }
    return hash.hex();
  }

 private:
  fs::path path(std::size_t index) const { return root_ / files_.path(index); }

  fs::path root_;
  FolderFiles files_;
};

/// A folder whose index says what it holds: no file is looked at before it is read.
class IndexedFolderSource final : public Source {
 public:
  IndexedFolderSource(fs::path root, Index index)
      : root_(std::move(root)), index_(std::move(index)), good_(index_) {
    check_classes();
  }

  std::size_t size() const override { return good_.size(); }
  std::int64_t label(std::size_t index) const override { return sample(index).label; }
  std::string name(std::size_t index) const override { return path(index).string(); }
  const std::vector<std::string>& classes() const override { return index_.classes(); }
  std::string fingerprint() const override { return index_.fingerprint(); }
  Origin origin() const override { return {.format = "folder", .path = root_}; }
  std::vector<std::string> remarks() const override { return remarks_; }
  std::span<const std::byte> checkpoints(std::size_t index) const override {
    return sample(index).checkpoints;
  }

  Sample read(std::size_t index) const override {
    std::vector<std::byte> bytes = read_file(path(index));
    if (bytes.size() != sample(index).bytes) {
      throw DataError(fmt::format(
          "{} has {} bytes and had {} when it was indexed; index the folder again with `imgcls "
          "prepare index {}`",
          name(index), bytes.size(), sample(index).bytes, root_.string()));
    }
    return bytes;
  }

 private:
  IndexSample sample(std::size_t index) const { return index_.sample(good_[index]); }
  fs::path path(std::size_t index) const { return root_ / sample(index).name; }

  void check_classes() {
    ClassFolders found = list_classes(root_);
    remarks_ = std::move(found.remarks);
    const std::vector<std::string>& now = found.names;
    const std::vector<std::string>& then = index_.classes();
    if (now == then) return;
    std::vector<std::string> differ;
    std::set_symmetric_difference(now.begin(), now.end(), then.begin(), then.end(),
                                  std::back_inserter(differ));
    const bool gone = std::binary_search(then.begin(), then.end(), differ.front());
    throw DataError(fmt::format(
        "{} has changed since it was indexed: the class folder {} is {}; index it again with "
        "`imgcls prepare index {}`",
        root_.string(), quote_name(differ.front()), gone ? "gone" : "new", root_.string()));
  }

  fs::path root_;
  Index index_;
  GoodSamples good_;
  std::vector<std::string> remarks_;
};

}  // namespace

std::unique_ptr<Source> open_folder(const fs::path& root, const fs::path& index) {
  if (auto found = find_index(root, IndexKind::folder, index)) {
    return std::make_unique<IndexedFolderSource>(root, *std::move(found));
  }
  return std::make_unique<FolderSource>(root);
}

}  // namespace imgcls::data
