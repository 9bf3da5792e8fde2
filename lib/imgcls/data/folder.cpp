#include <imgcls/core/error.h>
#include <imgcls/core/file.h>
#include <imgcls/core/sha256.h>
#include <imgcls/data/source.h>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <system_error>
#include <utility>

namespace imgcls::data {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::string_view, 8> kExtensions = {".jpg", ".jpeg", ".png", ".ppm",
                                                         ".bmp", ".webp", ".tif", ".tiff"};

bool is_image_name(std::string_view name) {
  const std::size_t dot = name.rfind('.');
  if (dot == std::string_view::npos) return false;
  std::string extension(name.substr(dot));
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return std::find(kExtensions.begin(), kExtensions.end(), extension) != kExtensions.end();
}

/// A file as (folder, name), folder relative to the root: torchvision sorts by these two in turn.
using Place = std::pair<std::string, std::string>;

// Following links, as torchvision does, must end even when a link leads upwards.
void check_no_loop(const fs::directory_entry& entry, const std::vector<fs::path>& above) {
  for (const fs::path& folder : above) {
    if (fs::equivalent(entry.path(), folder)) {
      throw DataError(fmt::format("the link {} leads back to {}; remove it", entry.path().string(),
                                  folder.string()));
    }
  }
}

void collect(const fs::path& folder, const std::string& relative, std::vector<fs::path>& above,
             std::vector<Place>& places) {
  above.push_back(folder);
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    std::string name = entry.path().filename().string();
    std::error_code broken_link;
    if (entry.is_directory(broken_link)) {
      if (entry.is_symlink()) check_no_loop(entry, above);
      collect(entry.path(), fmt::format("{}/{}", relative, name), above, places);
    } else if (is_image_name(name)) {
      places.emplace_back(relative, std::move(name));
    }
  }
  above.pop_back();
}

std::vector<std::string> class_folders(const fs::path& root) {
  std::vector<std::string> names;
  for (const fs::directory_entry& entry : fs::directory_iterator(root)) {
    std::error_code broken_link;
    if (entry.is_directory(broken_link)) names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

/// The files' paths lie end to end in one string: a million of them in 40 MB.
class FolderSource final : public Source {
 public:
  explicit FolderSource(fs::path root) : root_(std::move(root)), classes_(class_folders(root_)) {
    if (classes_.empty()) {
      throw DataError(fmt::format("{} holds no class folders; expected {}/<class>/<image>",
                                  root_.string(), root_.string()));
    }
    for (std::size_t label = 0; label < classes_.size(); ++label) add_class(label);
  }

  std::size_t size() const override { return labels_.size(); }
  std::int64_t label(std::size_t index) const override { return labels_.at(index); }
  Sample read(std::size_t index) const override { return read_file(path(index)); }
  std::string name(std::size_t index) const override { return path(index).string(); }
  const std::vector<std::string>& classes() const override { return classes_; }

  std::string fingerprint() const override {
    Sha256 hash;
    for (std::size_t i = 0; i < size(); ++i) {
      std::error_code error;
      const auto bytes = fs::file_size(path(i), error);
      hash.update(relative(i)).update(fmt::format("\n{}\n", error ? 0 : bytes));
    }
    return hash.hex();
  }

 private:
  void add_class(std::size_t label) {
    const std::string& name = classes_[label];
    std::vector<Place> places;
    std::vector<fs::path> above;
    collect(root_ / name, name, above, places);
    if (places.empty()) {
      throw DataError(
          fmt::format("the class folder {} holds no image; put images ({}) in it or "
                      "remove it",
                      (root_ / name).string(), fmt::join(kExtensions, " ")));
    }
    std::sort(places.begin(), places.end());
    for (const auto& [folder, file] : places) {
      paths_ += folder;
      paths_ += '/';
      paths_ += file;
      ends_.push_back(paths_.size());
      labels_.push_back(static_cast<std::int32_t>(label));
    }
  }

  std::string_view relative(std::size_t index) const {
    const std::size_t begin = index == 0 ? 0 : ends_[index - 1];
    return std::string_view(paths_).substr(begin, ends_.at(index) - begin);
  }
  fs::path path(std::size_t index) const { return root_ / relative(index); }

  fs::path root_;
  std::vector<std::string> classes_;
  std::string paths_;
  std::vector<std::size_t> ends_;
  std::vector<std::int32_t> labels_;
};

}  // namespace

std::unique_ptr<Source> open_folder(const fs::path& root) {
  std::error_code error;
  if (!fs::is_directory(root, error)) {
    throw DataError(
        fmt::format("there is no folder {}; expected one with a subfolder of images "
                    "for each class",
                    root.string()));
  }
  try {
    return std::make_unique<FolderSource>(root);
  } catch (const fs::filesystem_error& e) {
    throw IoError(fmt::format("cannot list {}: {}", e.path1().string(), e.code().message()));
  }
}

}  // namespace imgcls::data
