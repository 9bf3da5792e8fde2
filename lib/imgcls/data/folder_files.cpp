#include <imgcls/core/error.h>
#include <imgcls/core/text.h>
#include <imgcls/data/folder_files.h>
#include <imgcls/data/formats.h>
#include <imgcls/data/shard_folder.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <system_error>
#include <utility>

namespace imgcls::data {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::string_view, 9> kExtensions = {".jpg", ".jpeg", ".png",  ".ppm", ".bmp",
                                                         ".pgm", ".tif",  ".tiff", ".webp"};

}  // namespace

bool is_image_name(std::string_view name) {
  const std::size_t dot = name.rfind('.');
  if (dot == std::string_view::npos) return false;
  const std::string extension = lower_case(name.substr(dot));
  return std::find(kExtensions.begin(), kExtensions.end(), extension) != kExtensions.end();
}

const fs::path* find_same(const fs::path& folder, std::span<const fs::path> above) {
  const auto same = std::ranges::find_if(above, [&](const fs::path& each) {
    std::error_code error;
    return fs::equivalent(folder, each, error);
  });
  return same == above.end() ? nullptr : &*same;
}

namespace {

/// A file as (folder, name), folder relative to the root: torchvision sorts by these two in turn.
using Place = std::pair<std::string, std::string>;

// Following links, as torchvision does, must end even when a link leads upwards.
void check_no_loop(const fs::path& link, const std::vector<fs::path>& above) {
  if (const fs::path* folder = find_same(link, above)) {
    throw DataError(
        fmt::format("the link {} leads back to {}; remove it", link.string(), folder->string()));
  }
}

void collect(const fs::path& folder, const std::string& relative, std::vector<fs::path>& above,
             std::vector<Place>& places) {
  above.push_back(folder);
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    std::string name = entry.path().filename().string();
    std::error_code broken_link;
    if (entry.is_directory(broken_link)) {
      if (entry.is_symlink()) check_no_loop(entry.path(), above);
      collect(entry.path(), fmt::format("{}/{}", relative, name), above, places);
    } else if (is_image_name(name)) {
      places.emplace_back(relative, std::move(name));
    }
  }
  above.pop_back();
}

/// Whether an image is in a folder or below, as far as that may be looked into.
bool holds_image(const fs::path& folder) {
  std::error_code error;
  fs::recursive_directory_iterator entry(folder, fs::directory_options::skip_permission_denied,
                                         error);
  for (; !error && entry != fs::recursive_directory_iterator(); entry.increment(error)) {
    if (is_image_name(entry->path().filename().string())) return true;
  }
  return false;
}

ClassFolders class_folders(const fs::path& root) {
  ClassFolders found;
  for (const fs::directory_entry& entry : fs::directory_iterator(root)) {
    std::error_code broken_link;
    if (!entry.is_directory(broken_link)) continue;
    std::string name = entry.path().filename().string();
    const bool is_hidden = name.starts_with('.');
    if (is_hidden && !holds_image(entry.path())) {
      found.remarks.push_back(
          fmt::format("the folder {} begins with a dot and holds no image: it "
                      "is passed over",
                      entry.path().string()));
      continue;
    }
    if (is_hidden) {
      found.remarks.push_back(
          fmt::format("the folder {} begins with a dot and holds images: it is a class, as it is "
                      "for torchvision; move it elsewhere where that is not meant",
                      entry.path().string()));
    }
    found.names.push_back(std::move(name));
  }
  std::sort(found.names.begin(), found.names.end());
  std::sort(found.remarks.begin(), found.remarks.end());
  return found;
}

/// What to say of a folder without what was expected, where it holds other data instead.
std::string other_format_hint(const fs::path& folder) {
  if (holds_shards(folder)) return ". It holds tar files, which data.format=shards reads";
  const std::string idx = find_idx_images(folder);
  if (idx.empty()) return "";
  return fmt::format(". It holds IDX files such as {}, which data.format=idx reads", idx);
}

void add_class(const fs::path& root, std::size_t label, FolderFiles& files) {
  const std::string& name = files.classes[label];
  std::vector<Place> places;
  std::vector<fs::path> above;
  collect(root / name, name, above, places);
  if (places.empty()) {
    throw DataError(fmt::format(
        "the class folder {} holds no image; put images ({}) in it or "
        "remove it{}",
        (root / name).string(), fmt::join(kExtensions, " "), other_format_hint(root / name)));
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

ClassFolders list_classes(const fs::path& root) {
  check_folder(root);
  ClassFolders found;
  try {
    found = class_folders(root);
  } catch (const fs::filesystem_error& e) {
    fail(e);
  }
  if (found.names.empty()) {
    throw DataError(fmt::format("{} holds no class folders; expected {}/<class>/<image>{}",
                                root.string(), root.string(), other_format_hint(root)));
  }
  return found;
}

FolderFiles list_folder(const fs::path& root) {
  return *list_folder(root, [] { return true; });
}

std::optional<FolderFiles> list_folder(const fs::path& root, const std::function<bool()>& go_on) {
  ClassFolders found = list_classes(root);
  FolderFiles files;
  files.classes = std::move(found.names);
  files.remarks = std::move(found.remarks);
  try {
    for (std::size_t label = 0; label < files.classes.size(); ++label) {
      if (!go_on()) return std::nullopt;
      add_class(root, label, files);
    }
  } catch (const fs::filesystem_error& e) {
    fail(e);
  }
  return files;
}

}  // namespace imgcls::data
