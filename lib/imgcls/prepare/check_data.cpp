#include <imgcls/core/error.h>
#include <imgcls/core/parallel.h>
#include <imgcls/core/xxh3.h>
#include <imgcls/data/formats.h>
#include <imgcls/data/shard_folder.h>
#include <imgcls/image/decode.h>
#include <imgcls/image/thumbnail.h>
#include <imgcls/prepare/check_data.h>
#include <imgcls/prepare/sample_files.h>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <iterator>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <system_error>
#include <tuple>
#include <utility>

namespace imgcls::data {
namespace {

namespace fs = std::filesystem;

constexpr int kPictureSide = 160;
constexpr std::size_t kPicturesOfGroup = 4;

bool holds_data(const fs::path& folder) {
  std::error_code error;
  if (!fs::is_directory(folder, error)) return false;
  if (holds_shards(folder)) return true;
  const fs::directory_iterator entries(folder);
  return std::any_of(begin(entries), end(entries),
                     [](const fs::directory_entry& entry) { return entry.is_directory(); });
}

double median_of(const std::vector<ClassSize>& classes) {
  std::vector<std::size_t> counts;
  for (const ClassSize& one : classes) counts.push_back(one.images);
  std::sort(counts.begin(), counts.end());
  const std::size_t upper = counts.size() / 2, lower = (counts.size() - 1) / 2;
  return static_cast<double>(counts.at(lower) + counts.at(upper)) / 2;
}

HalfContent content_of(const DataHalf& half, const IndexContent& listed) {
  HalfContent content{.half = half, .images = listed.samples.size(), .remarks = listed.remarks};
  for (const std::string& name : listed.classes) content.classes.push_back({.name = name});
  for (const SampleRecord& sample : listed.samples) ++content.classes.at(sample.label).images;
  content.median = median_of(content.classes);
  return content;
}

std::vector<std::string> unshared(std::vector<std::string> a, std::vector<std::string> b) {
  std::sort(a.begin(), a.end());
  std::sort(b.begin(), b.end());
  std::vector<std::string> differ;
  std::set_symmetric_difference(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(differ));
  return differ;
}

Digest128 pixels_digest(const Image& image) {
  const std::array<int, 2> size{image.size.width, image.size.height};
  return Xxh3()
      .update(std::as_bytes(std::span(size)))
      .update(std::as_bytes(std::span(image.pixels)))
      .digest();
}

/// Of one image, as far as it has been looked at.
struct Looked {
  bool decoded = false;
  Size size;
  Digest128 pixels{}, file{};
};

/// One pass over a data set.
class DataChecker {
 public:
  DataChecker(const std::vector<DataHalf>& halves, const DataCheckOptions& options)
      : halves_(halves), options_(options) {}

  DataCheck run() {
    check_.stopped = !list();
    if (check_.stopped) return std::move(check_);
    choose();
    const std::size_t count = chosen_.size();
    looked_.resize(count);
    workers_.resize(parallel_workers(count, options_.threads));
    const bool all = run_parallel(
        count, options_.threads, [this](std::size_t i, std::size_t worker) { look(i, worker); },
        [&] { return go_on(); });
    go_on();
    if (all) sum_up();
    check_.stopped = !all || !make_pictures();
    return std::move(check_);
  }

 private:
  struct Listed {
    std::unique_ptr<SampleFiles> files;
    IndexContent content;
  };
  struct Place {
    std::size_t half, sample;
  };
  /// What a thread keeps from one image to the next.
  struct Worker {
    std::vector<std::byte> file;
    Image image;
    ChannelSums sums;
  };

  /// False: it was stopped.
  bool list() {
    for (const DataHalf& half : halves_) {
      Listed listed{find_sample_files(half.folder, options_.image_key, options_.threads), {}};
      std::optional<IndexContent> content =
          listed.files->list([this] { return options_.go_on({}); });
      if (!content) return false;
      listed.content = *std::move(content);
      check_.halves.push_back(content_of(half, listed.content));
      check_.images += listed.content.samples.size();
      listed_.push_back(std::move(listed));
    }
    if (listed_.size() == 2) {
      check_.unshared_classes = unshared(listed_[0].content.classes, listed_[1].content.classes);
    }
    return true;
  }

  void choose() {
    std::vector<Place> places;
    for (std::size_t half = 0; half < listed_.size(); ++half) {
      const std::size_t samples = listed_[half].content.samples.size();
      for (std::size_t i = 0; i < samples; ++i) places.push_back({half, i});
    }
    check_.checked = options_.limit > 0 ? std::min(options_.limit, places.size()) : places.size();
    for (std::size_t i = 0; i < check_.checked; ++i) {
      chosen_.push_back(places[i * places.size() / check_.checked]);
    }
  }

  bool go_on() const { return options_.go_on({done_, chosen_.size(), bytes_}); }
  SampleRecord& record(const Place& place) {
    return listed_[place.half].content.samples[place.sample];
  }

  void read(const Place& place, std::vector<std::byte>& file, Image& image) {
    const SampleFiles& files = *listed_[place.half].files;
    SampleRecord& sample = record(place);
    files.read(sample, file);
    decode(file, files.name(sample), image);
  }

  void look(std::size_t i, std::size_t number) {
    Worker& worker = workers_[number];
    Looked& looked = looked_[i];
    try {
      read(chosen_[i], worker.file, worker.image);
      looked = {.decoded = true,
                .size = worker.image.size,
                .pixels = pixels_digest(worker.image),
                .file = Xxh3().update(worker.file).digest()};
      if (chosen_[i].half == 0) worker.sums.add(worker.image);
      bytes_ += worker.file.size();
    } catch (const Error& e) {
      const std::lock_guard lock(mutex_);
      reasons_.emplace(i, e.what());
    }
    ++done_;
  }

  NamedImage named(std::size_t i) {
    const Place& place = chosen_[i];
    const Listed& listed = listed_[place.half];
    const SampleRecord& sample = record(place);
    return {.half = place.half,
            .sample = place.sample,
            .name = listed.files->name(sample),
            .label = listed.content.classes[sample.label],
            .picture = {}};
  }

  void sum_up() {
    ChannelSums sums;
    for (const Worker& worker : workers_) sums.add(worker.sums);
    check_.mean = sums.mean();
    check_.std = sums.std();
    for (const Looked& looked : looked_) {
      if (looked.decoded) check_.sizes.push_back(looked.size);
    }
    for (auto& [i, reason] : reasons_) {
      check_.broken.push_back({.image = named(i), .reason = std::move(reason)});
    }
    find_duplicates();
  }

  void find_duplicates() {
    std::vector<std::size_t> order;
    for (std::size_t i = 0; i < looked_.size(); ++i) {
      if (looked_[i].decoded) order.push_back(i);
    }
    const auto pixels = [this](std::size_t i) -> const Digest128& { return looked_[i].pixels; };
    std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
      return std::tie(pixels(a), a) < std::tie(pixels(b), b);
    });
    std::map<std::size_t, DuplicateGroup> by_first;
    for (auto begin = order.begin(); begin != order.end();) {
      const auto end = std::find_if(begin, order.end(),
                                    [&](std::size_t i) { return pixels(i) != pixels(*begin); });
      if (end - begin > 1) by_first.emplace(*begin, group({begin, end}));
      begin = end;
    }
    for (auto& [first, group] : by_first) check_.duplicates.push_back(std::move(group));
  }

  DuplicateGroup group(std::span<const std::size_t> members) {
    DuplicateGroup group;
    for (const std::size_t i : members) {
      group.images.push_back(named(i));
      const NamedImage &first = group.images.front(), &image = group.images.back();
      if (looked_[i].file != looked_[members.front()].file) group.same_bytes = false;
      const DuplicateSpread spread = image.half != first.half     ? DuplicateSpread::several_halves
                                     : image.label != first.label ? DuplicateSpread::several_classes
                                                                  : DuplicateSpread::one_class;
      group.spread = std::max(group.spread, spread);
    }
    return group;
  }

  /// The first images of each kind.
  std::vector<NamedImage*> pictured() {
    std::vector<NamedImage*> images;
    for (BrokenFile& file : check_.broken) {
      if (images.size() < options_.pictures) images.push_back(&file.image);
    }
    std::map<DuplicateSpread, std::size_t> groups;
    for (DuplicateGroup& group : check_.duplicates) {
      if (++groups[group.spread] > options_.pictures) continue;
      for (std::size_t i = 0; i < std::min(kPicturesOfGroup, group.images.size()); ++i) {
        images.push_back(&group.images[i]);
      }
    }
    return images;
  }

  /// False: it was stopped.
  bool make_pictures() {
    const std::vector<NamedImage*> images = pictured();
    return run_parallel(
        images.size(), options_.threads,
        [&](std::size_t i, std::size_t) {
          std::vector<std::byte> file;
          Image image;
          try {
            read({images[i]->half, images[i]->sample}, file, image);
          } catch (const Error&) {
            // What was decoded before the error is shown; reports say the reason.
          }
          if (!image.pixels.empty()) images[i]->picture = thumbnail_jpeg(image, kPictureSide);
        },
        [&] { return go_on(); });
  }

  const std::vector<DataHalf>& halves_;
  const DataCheckOptions& options_;
  DataCheck check_;
  std::vector<Listed> listed_;
  std::vector<Place> chosen_;
  std::vector<Looked> looked_;
  std::vector<Worker> workers_;
  std::atomic<std::size_t> done_{0};
  std::atomic<std::uint64_t> bytes_{0};
  std::mutex mutex_;
  std::map<std::size_t, std::string> reasons_;
};

}  // namespace

std::vector<ClassSize> HalfContent::out_of_balance() const {
  std::vector<ClassSize> odd;
  for (const ClassSize& one : classes) {
    const auto count = static_cast<double>(one.images);
    if (2 * count < median || count > 2 * median) odd.push_back(one);
  }
  return odd;
}

std::vector<DataHalf> find_halves(const fs::path& root, const std::string& train,
                                  const std::string& val) {
  std::vector<DataHalf> halves;
  for (const std::string& name : {train, val}) {
    if (holds_data(root / name)) halves.push_back({name, root / name});
  }
  if (!halves.empty()) return halves;
  if (const std::string idx = find_idx_images(root); !idx.empty()) {
    throw DataError(fmt::format(
        "{} holds IDX files such as {}, which cannot be checked: give a folder of class "
        "folders or of tar files",
        root.string(), idx));
  }
  halves.push_back({"", root});
  return halves;
}

DataCheck check_data(const std::vector<DataHalf>& halves, const DataCheckOptions& options) {
  return DataChecker(halves, options).run();
}

}  // namespace imgcls::data
