#include <imgcls/core/error.h>
#include <imgcls/data/folder_files.h>

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

}  // namespace

bool is_image_name(std::string_view name) {
  const std::size_t dot = name.rfind('.');
  if (dot == std::string_view::npos) return false;
  std::string extension(name.substr(dot));
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return std::find(kExtensions.begin(), kExtensions.end(), extension) != kExtensions.end();
}

namespace {

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

void add_class(const fs::path& root, std::size_t label, FolderFiles& files) {
  const std::string& name = files.classes[label];
  std::vector<Place> places;
  std::vector<fs::path> above;
  collect(root / name, name, above, places);
  if (places.empty()) {
    throw DataError(
        fmt::format("the class folder {} holds no image; put images ({}) in it or "
                    "remove it",
                    (root / name).string(), fmt::join(kExtensions, " ")));
  }
  std::sort(places.begin(), places.end());
  for (const auto& [folder, file] : places) {
    files.paths += folder;
    files.paths += '/';
    files.paths += file;
    files.ends.push_back(files.paths.size());
    files.labels.push_back(static_cast<std::int32_t>(label));
  }
}

void check_folder(const fs::path& root) {
  std::error_code error;
  if (fs::is_directory(root, error)) return;
  throw DataError(
      fmt::format("there is no folder {}; expected one with a subfolder of images "
                  "for each class",
                  root.string()));
}

[[noreturn]] void fail(const fs::filesystem_error& e) {
  throw IoError(fmt::format("cannot list {}: {}", e.path1().string(), e.code().message()));
}

}  // namespace

std::vector<std::string> list_classes(const fs::path& root) {
  check_folder(root);
  std::vector<std::string> classes;
  try {
    classes = class_folders(root);
  } catch (const fs::filesystem_error& e) {
    fail(e);
  }
  if (classes.empty()) {
    throw DataError(fmt::format("{} holds no class folders; expected {}/<class>/<image>",
                                root.string(), root.string()));
  }
  return classes;
}

FolderFiles list_folder(const fs::path& root) {
  FolderFiles files;
  files.classes = list_classes(root);
  try {
    for (std::size_t label = 0; label < files.classes.size(); ++label) {
      add_class(root, label, files);
    }
  } catch (const fs::filesystem_error& e) {
    fail(e);
  }
  return files;
}

}  // namespace imgcls::data
