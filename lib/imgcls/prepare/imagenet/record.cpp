#include <imgcls/core/error.h>
#include <imgcls/core/file.h>
#include <imgcls/prepare/imagenet/record.h>

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace imgcls::data {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr const char* kName = "imagenet.json";

std::size_t count_entries(const fs::path& folder) {
  return static_cast<std::size_t>(
      std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
}

}  // namespace

ImageNetRecord read_record(const fs::path& out) {
  ImageNetRecord record;
  if (!fs::exists(out / kName)) return record;
  try {
    const json file = json::parse(read_text(out / kName));
    record.devkit = file.at("devkit");
    for (const auto& [name, split] : file.at("splits").items()) {
      record.splits[name] = {split.at("classes"), split.at("images"), split.at("bytes"),
                             split.at("archive_md5"), split.at("shards")};
    }
  } catch (const json::exception& e) {
    throw DataError(fmt::format("{} is broken ({}); it was not written by this program",
                                (out / kName).string(), e.what()));
  }
  return record;
}

void write_record(const fs::path& out, const ImageNetRecord& record) {
  json file{{"devkit", record.devkit}, {"splits", json::object()}};
  for (const auto& [name, split] : record.splits) {
    file["splits"][name] = {{"classes", split.classes},
                            {"images", split.images},
                            {"bytes", split.bytes},
                            {"archive_md5", split.archive_md5},
                            {"shards", split.shards}};
  }
  replace_file(out / kName, file.dump(2) + "\n");
}

std::size_t count_shards(const fs::path& folder) {
  std::size_t count = 0;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() == ".tar") ++count;
  }
  return count;
}

void check_split(const fs::path& out, const std::string& split, const SplitRecord& record) {
  const fs::path folder = out / split;
  std::string was, is;
  try {
    if (record.shards > 0) {
      was = fmt::format("{} shards", record.shards);
      is = fmt::format("{} shards", count_shards(folder));
    } else {
      std::size_t classes = 0, images = 0;
      for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
        if (!entry.is_directory()) continue;  // an index, for instance
        ++classes;
        images += count_entries(entry.path());
      }
      was = fmt::format("{} images of {} classes", record.images, record.classes);
      is = fmt::format("{} images of {} classes", images, classes);
    }
  } catch (const fs::filesystem_error& e) {
    throw DataError(fmt::format("{} was complete, and now {} cannot be listed: {}", folder.string(),
                                e.path1().string(), e.code().message()));
  }
  if (was == is) return;
  throw DataError(
      fmt::format("{} was made with {}, and now holds {}; remove it to have it made again",
                  folder.string(), was, is));
}

}  // namespace imgcls::data
