#include <imgcls/core/error.h>
#include <imgcls/core/file.h>
#include <imgcls/data/imagenet_record.h>

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
                             split.at("archive_md5")};
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
                            {"archive_md5", split.archive_md5}};
  }
  replace_file(out / kName, file.dump(2) + "\n");
}

void check_split(const fs::path& out, const std::string& split, const SplitRecord& record) {
  std::size_t classes = 0, images = 0;
  try {
    for (const fs::directory_entry& folder : fs::directory_iterator(out / split)) {
      if (!folder.is_directory()) continue;  // an index, for instance
      ++classes;
      images += count_entries(folder.path());
    }
  } catch (const fs::filesystem_error& e) {
    throw DataError(fmt::format("{} was complete, and now {} cannot be listed: {}",
                                (out / split).string(), e.path1().string(), e.code().message()));
  }
  if (classes == record.classes && images == record.images) return;
  throw DataError(fmt::format(
      "{} was made with {} images of {} classes, and now holds {} of {}; remove it to have it made "
      "again",
      (out / split).string(), record.images, record.classes, images, classes));
}

}  // namespace imgcls::data
