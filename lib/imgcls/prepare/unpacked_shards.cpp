#include <imgcls/core/error.h>
#include <imgcls/core/file.h>
#include <imgcls/core/parallel.h>
#include <imgcls/data/packed_files.h>
#include <imgcls/data/shard_folder.h>
#include <imgcls/prepare/unpack.h>
#include <imgcls/prepare/unpacked_shards.h>

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace imgcls::data {
namespace {

namespace fs = std::filesystem;

/// The files by the names that they have when they are plain.
std::map<std::string, fs::path> by_plain_name(const ShardFolder& found) {
  std::map<std::string, fs::path> files;
  for (const fs::path& file : found.plain) files.emplace(file.filename().string(), file);
  for (const fs::path& file : found.packed) {
    const auto [at, is_new] = files.emplace(unpacked_name(file.filename().string()), file);
    if (!is_new) {
      throw DataError(fmt::format("{} becomes what {} is when it is unpacked: remove one of them",
                                  file.string(), at->second.string()));
    }
  }
  return files;
}

/// Of an earlier call with other files.
void remove_strangers(const fs::path& work, const std::map<std::string, fs::path>& files) {
  std::vector<fs::path> strangers;
  for (const auto& entry : fs::directory_iterator(work)) {
    if (!files.contains(entry.path().filename().string())) strangers.push_back(entry.path());
  }
  for (const fs::path& stranger : strangers) remove_tree(stranger);
}

void link(const fs::path& to, const fs::path& from) {
  remove_tree(from);
  std::error_code error;
  fs::create_symlink(fs::absolute(to), from, error);
  if (error)
    throw IoError(fmt::format("cannot make the link {}: {}", from.string(), error.message()));
}

bool is_newer(const fs::path& file, const fs::path& than) {
  std::error_code missing;
  const auto changed = fs::last_write_time(file, missing);
  return !missing && !fs::is_symlink(file) && changed > fs::last_write_time(than);
}

}  // namespace

std::optional<fs::path> unpacked_shards(const fs::path& folder, const fs::path& work, int threads,
                                        const GoOn& go_on) {
  const ShardFolder found = look_for_shards(folder);
  if (!found.below.empty()) refuse_below(folder, found);
  std::vector<std::pair<fs::path, fs::path>> packed;  // from, to
  std::map<std::string, fs::path> files = by_plain_name(found);
  for (const auto& [name, file] : files) {
    const std::string_view packer = packer_of(file);
    if (!is_unpacked_here(packer)) {
      throw DataError(fmt::format("{} is packed by {}, which is not unpacked here: unpack it first",
                                  file.string(), packer));
    }
    if (!packer.empty()) packed.emplace_back(file, work / name);
  }
  if (packed.empty() && found.packed.empty()) return folder;

  make_folders(work);
  if (fs::exists(folder / "classes.txt")) files.emplace("classes.txt", folder / "classes.txt");
  remove_strangers(work, files);
  for (const auto& plain : files) {
    const bool is_packed = std::any_of(
        packed.begin(), packed.end(), [&](const auto& pair) { return pair.first == plain.second; });
    if (!is_packed) link(plain.second, work / plain.first);
  }
  std::erase_if(packed, [](const auto& pair) { return is_newer(pair.second, pair.first); });
  std::atomic<std::size_t> done{0};
  std::atomic<std::uint64_t> bytes{0};
  std::atomic<bool> stop{false};
  const auto unpack_one = [&](std::size_t i, std::size_t) {
    std::uint64_t before = 0;
    const auto counted = [&](std::uint64_t read) {
      bytes += read - std::exchange(before, read);
      return !stop;
    };
    if (unpack(packed[i].first, packed[i].second, counted)) ++done;
  };
  run_parallel(packed.size(), threads, unpack_one, [&] {
    if (!go_on({done, packed.size(), bytes})) stop = true;
    return !stop;
  });
  if (done < packed.size()) return std::nullopt;
  return work;
}

std::string with_origin(const std::string& message, const fs::path& folder, const fs::path& work) {
  for (const auto& [name, file] : by_plain_name(look_for_shards(folder))) {
    if (message.find((work / name).string()) == std::string::npos) continue;
    return fmt::format("{} (that is {})", message, file.string());
  }
  return message;
}

}  // namespace imgcls::data
