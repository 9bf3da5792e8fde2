#include <imgcls/core/error.h>
#include <imgcls/core/parallel.h>
#include <imgcls/data/shard_folder.h>
#include <imgcls/data/shard_labels.h>
#include <imgcls/data/shard_listing.h>
#include <imgcls/data/tar_samples.h>

#include <fmt/format.h>

#include <string>
#include <utility>

namespace imgcls::data {
namespace {

namespace fs = std::filesystem;

/// Brings what the tar files hold together.
class Collector {
 public:
  explicit Collector(ShardListing& listing) : listing_(listing) {}

  void add(std::size_t shard, TarSamples&& found) {
    for (TarSample& sample : found.samples) {
      sample.record.shard = static_cast<std::uint32_t>(shard);
      listing_.content.samples.push_back(std::move(sample.record));
      labels_.push_back(std::move(sample.label));
    }
    note(shard, found.several_images, several_images_);
    note(shard, found.other_images, other_images_);
    note(shard, found.no_image, no_image_);
  }

  void finish(const fs::path& folder) {
    IndexContent& content = listing_.content;
    content.kind = IndexKind::shards;
    if (content.samples.empty()) {
      throw DataError(fmt::format(
          "the .tar files of {} hold no images{}", folder.string(),
          no_image_.count == 0 ? ""
                               : fmt::format("; {} has a class and no image", no_image_.first)));
    }
    remark_images();
    remark_losses();
    ShardClasses numbering(labels_, [this](std::size_t i) { return where(i); });
    const fs::path names = folder / "classes.txt";
    content.classes = fs::exists(names) ? numbering.by_file(names) : numbering.by_samples();
    if (!numbering.remark().empty()) content.remarks.push_back(numbering.remark());
    for (std::size_t i = 0; i < labels_.size(); ++i) {
      content.samples[i].label = static_cast<std::uint32_t>(*labels_[i].number);
    }
  }

 private:
  void note(std::size_t shard, const TarSamples::Found& found, TarSamples::Found& all) const {
    if (found.count == 0) return;
    if (all.count == 0) all.first = fmt::format("{}: {}", path(shard), found.first);
    all.count += found.count;
  }

  // The image of a sample with several is chosen by the rule that an image has no further dot in
  // its name; one that has is then something else.
  void remark_images() {
    if (several_images_.count == 0) return;
    if (other_images_.count > 0) {
      throw DataError(fmt::format(
          "{}: that is the sample's only image, while that of others is taken by its name without "
          "a further dot, as in {}; say which image is meant, such as data.image_key=jpg",
          other_images_.first, several_images_.first));
    }
    listing_.content.remarks.push_back(fmt::format(
        "{} images lie beside another one of their sample: {}; data.image_key says which to take",
        several_images_.count, several_images_.first));
  }

  void remark_losses() {
    if (no_image_.count == 0) return;
    listing_.content.remarks.push_back(
        fmt::format("{} samples with a class have no image and are left out, such as {}",
                    no_image_.count, no_image_.first));
  }

  std::string path(std::size_t shard) const { return listing_.files[shard].path().string(); }
  std::string where(std::size_t i) const {
    const SampleRecord& sample = listing_.content.samples[i];
    return fmt::format("{}: {}", path(sample.shard), sample.name);
  }

  ShardListing& listing_;
  std::vector<ShardLabel> labels_;
  TarSamples::Found several_images_, other_images_, no_image_;
};

}  // namespace

ShardListing list_shards(const fs::path& folder, std::string_view image_key, int threads) {
  return *list_shards(folder, image_key, threads, [] { return true; });
}

std::optional<ShardListing> list_shards(const fs::path& folder, std::string_view image_key,
                                        int threads, const std::function<bool()>& go_on) {
  ShardListing listing;
  for (const fs::path& file : plain_shards(folder)) listing.files.emplace_back(file);
  const TarSamplesOptions options{.image_extensions = image_extensions(image_key),
                                  .wants_names = !fs::exists(folder / "classes.txt")};
  std::vector<TarSamples> by_tar(listing.files.size());
  const bool all = run_parallel(
      by_tar.size(), threads,
      [&](std::size_t i, std::size_t) { by_tar[i] = find_samples(listing.files[i], options); },
      go_on);
  if (!all) return std::nullopt;
  Collector collector(listing);
  for (std::size_t i = 0; i < by_tar.size(); ++i) {
    const InputFile& file = listing.files[i];
    listing.content.shards.push_back(
        {file.path().filename().string(), file.bytes(), file.modified_ns(), {}});
    collector.add(i, std::exchange(by_tar[i], {}));
  }
  collector.finish(folder);
  return listing;
}

}  // namespace imgcls::data
