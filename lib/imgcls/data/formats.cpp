#include <imgcls/data/formats.h>

#include <system_error>

namespace imgcls::data {
namespace {

namespace fs = std::filesystem;

void require_no_image_key(const SourceRequest& request) {
  if (request.image_key.empty()) return;
  throw ConfigError(fmt::format(
      "data.image_key={} chooses among a shard's members: set data.format=shards, or leave it "
      "empty",
      request.image_key));
}

/// `prefix`-images-idx3-ubyte, with .gz where only that is there.
fs::path idx_file(const fs::path& root, const std::string& prefix, const char* kind) {
  const fs::path plain = root / (prefix + kind);
  fs::path zipped = plain;
  zipped += ".gz";
  return !fs::exists(plain) && fs::exists(zipped) ? zipped : plain;
}

void require_one_label(const SourceRequest& request, const char* format) {
  if (!request.multi_label) return;
  throw ConfigError(fmt::format(
      "data.format={} gives each image one class, and data.multi_label=true wants any number: take "
      "data.format=list, or leave data.multi_label out",
      format));
}

std::shared_ptr<const Source> folder(const SourceRequest& request) {
  require_no_image_key(request);
  require_one_label(request, "folder");
  return open_folder(request.folder, request.index);
}

std::shared_ptr<const Source> shards(const SourceRequest& request) {
  require_one_label(request, "shards");
  return open_shards(request.folder, request.index, request.image_key);
}

std::shared_ptr<const Source> idx(const SourceRequest& request) {
  require_no_image_key(request);
  require_one_label(request, "idx");
  return open_idx(idx_file(request.root, request.name, "-images-idx3-ubyte"),
                  idx_file(request.root, request.name, "-labels-idx1-ubyte"), request.classes);
}

std::shared_ptr<const Source> list(const SourceRequest& request) {
  require_no_image_key(request);
  if (!request.index.empty()) {
    throw ConfigError(fmt::format(
        "data.index is for folders and shards, which have indexes such as {}: leave it empty with "
        "data.format=list",
        request.index.string()));
  }
  return open_list(request.folder, {.multi_label = request.multi_label,
                                    .classes = request.classes,
                                    .training = request.root / request.training});
}

}  // namespace

std::string find_idx_images(const fs::path& folder) {
  std::error_code error;
  std::string first;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    const bool holds_images = name.find("idx3-ubyte") != std::string::npos;
    if (holds_images && (first.empty() || name < first)) first = name;
  }
  return first;
}

Registry<FormatEntry>& formats() {
  static Registry<FormatEntry> known(
      "data", "format",
      {
          {"folder", "a subfolder of image files for each class", {}, folder},
          {"shards", "tar files in WebDataset's layout", {}, shards},
          {"idx", "MNIST's format, plain or gzip", {}, idx},
          {"list", "a file that names images and their classes", {}, list},
      });
  return known;
}

}  // namespace imgcls::data
