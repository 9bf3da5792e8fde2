#include <imgcls/core/error.h>
#include <imgcls/core/text.h>
#include <imgcls/data/member_name.h>
#include <imgcls/data/packed_files.h>
#include <imgcls/data/shard_folder.h>

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <system_error>

namespace imgcls::data {
namespace {

namespace fs = std::filesystem;

bool is_hidden(const fs::path& path) {
  return belongs_to_no_sample(path.filename().string());
}

bool is_plain(const fs::path& path) {
  return lower_case(path.extension().string()) == ".tar";
}

bool is_packed(const fs::path& path) {
  return !unpacked_name(path.filename().string()).empty();
}

/// The first tar file in `folder` or below; empty: none. A folder that may not be listed, such as a
/// disk's lost+found, holds none.
fs::path find_below(const fs::path& folder) {
  std::error_code error;
  fs::recursive_directory_iterator entry(folder, fs::directory_options::skip_permission_denied,
                                         error);
  for (; !error && entry != fs::recursive_directory_iterator(); entry.increment(error)) {
    if (is_hidden(entry->path())) {
      entry.disable_recursion_pending();
    } else if (is_plain(entry->path()) || is_packed(entry->path())) {
      return entry->path();
    }
  }
  return {};
}

std::vector<fs::path> entries_of(const fs::path& folder) {
  std::vector<fs::path> entries;
  std::error_code error;
  for (auto entry = fs::directory_iterator(folder, error);
       !error && entry != fs::directory_iterator(); entry.increment(error)) {
    if (!is_hidden(entry->path())) entries.push_back(entry->path());
  }
  if (error) throw IoError(fmt::format("cannot list {}: {}", folder.string(), error.message()));
  std::sort(entries.begin(), entries.end());
  return entries;
}

bool is_folder(const fs::path& path) {
  std::error_code broken_link;
  return fs::is_directory(path, broken_link);
}

}  // namespace

ShardFolder look_for_shards(const fs::path& folder) {
  ShardFolder found;
  for (const fs::path& entry : entries_of(folder)) {
    if (is_plain(entry)) {
      found.plain.push_back(entry);
    } else if (is_packed(entry)) {
      found.packed.push_back(entry);
    } else if (found.below.empty() && is_folder(entry)) {
      found.below = find_below(entry);
    }
  }
  return found;
}

bool holds_shards(const fs::path& folder) {
  const std::vector<fs::path> entries = entries_of(folder);
  if (std::any_of(entries.begin(), entries.end(), is_plain)) return true;
  return std::any_of(entries.begin(), entries.end(), is_packed) &&
         std::none_of(entries.begin(), entries.end(), is_folder);
}

void refuse_below(const fs::path& folder, const ShardFolder& found) {
  const bool alone = found.plain.empty() && found.packed.empty();
  throw DataError(
      fmt::format("{} lies in a subfolder of {}, and tar files are read from one folder: {}",
                  found.below.string(), folder.string(),
                  alone ? fmt::format("give {}", found.below.parent_path().string())
                        : "put all of them into one (links will do)"));
}

std::vector<fs::path> plain_shards(const fs::path& folder) {
  ShardFolder found = look_for_shards(folder);
  if (!found.packed.empty()) {
    throw DataError(fmt::format(
        "{} is packed{}, and samples are read from plain tar files: unpack it, or make shards of "
        "the folder with `imgcls prepare shards {} --out FOLDER`",
        found.packed.front().string(),
        found.packed.size() == 1 ? ""
                                 : fmt::format(", as are {} more files", found.packed.size() - 1),
        folder.string()));
  }
  if (!found.below.empty()) refuse_below(folder, found);
  if (found.plain.empty()) {
    throw DataError(fmt::format("{} holds no .tar files", folder.string()));
  }
  return std::move(found.plain);
}

}  // namespace imgcls::data
