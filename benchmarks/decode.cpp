// Time to make a training crop, by decoder: decode DIR [rounds=5] [side=176]
//
// For each JPEG of a folder (read first, so that no disk is measured), a random resized crop and a
// flip: by decoding the whole image with libjpeg-turbo; by libjpeg-turbo's cropping and skipping;
// by imgcls' own decoder; and by that from the checkpoints of an index. All resize in the same way,
// and the four take turns in each round. Prints milliseconds of processor time an image, and rates
// as ratios.
#include <imgcls/augment/plan_applier.h>
#include <imgcls/core/file.h>
#include <imgcls/image/decode.h>
#include <imgcls/image/jpeg/checkpoints.h>
#include <imgcls/image/jpeg/libjpeg.h>
#include <imgcls/image/region_decoder.h>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <string>
#include <vector>

namespace {

using namespace imgcls;

enum class Way { whole, libjpeg_region, own_region, checkpoints };
constexpr std::array<const char*, 4> kNames = {"whole image, libjpeg-turbo",
                                               "region, libjpeg-turbo", "region, imgcls",
                                               "region from checkpoints, imgcls"};

struct File {
  std::vector<std::byte> bytes, checkpoints;
};

std::vector<File> read_all(const std::string& folder) {
  std::vector<File> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file()) continue;
    std::vector<std::byte> bytes = read_file(entry.path());
    auto checkpoints = data::make_jpeg_checkpoints(bytes);
    if (!checkpoints.empty()) files.push_back({std::move(bytes), std::move(checkpoints)});
  }
  return files;
}

double processor_seconds() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

class Maker {
 public:
  explicit Maker(int side)
      : output_(static_cast<std::size_t>(side) * static_cast<std::size_t>(side) * 3) {
    options_.size = side;
  }

  void make(Way way, const File& file, std::uint32_t round, std::size_t number) {
    Random random(1, round, number, RandomStream::augment);
    const data::Plan plan = plan_augment(decoder_.open(file.bytes, "a JPEG"), options_, random);
    if (way == Way::whole) {
      data::decode(file.bytes, "a JPEG", image_);
      data::apply(plan, image_, output_);
      return;
    }
    applier_.start(plan, output_);
    if (way == Way::libjpeg_region) {
      data::decode_jpeg_region(file.bytes, "a JPEG", applier_.region(), applier_);
    } else {
      const auto checkpoints = way == Way::checkpoints
                                   ? std::span<const std::byte>(file.checkpoints)
                                   : std::span<const std::byte>();
      decoder_.decode(applier_.region(), checkpoints, applier_);
    }
    applier_.finish();
  }

 private:
  data::AugmentOptions options_;
  std::vector<std::uint8_t> output_;
  data::Image image_;
  data::RegionDecoder decoder_;
  data::LapClock clock_;
  data::LoaderTimes times_;
  data::PlanApplier applier_{clock_, times_};
};

double median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2),
                   values.end());
  return values[values.size() / 2];
}

void run(const std::string& folder, std::uint32_t rounds, int side) {
  const std::vector<File> files = read_all(folder);
  if (files.empty()) throw std::runtime_error("no baseline JPEG in " + folder);
  Maker maker(side);
  std::array<std::vector<double>, kNames.size()> times;
  for (std::uint32_t round = 0; round < rounds; ++round) {
    for (std::size_t way = 0; way < kNames.size(); ++way) {
      const double begin = processor_seconds();
      for (std::size_t i = 0; i < files.size(); ++i) {
        maker.make(static_cast<Way>(way), files[i], round, i);
      }
      times[way].push_back((processor_seconds() - begin) / static_cast<double>(files.size()));
    }
  }
  fmt::print("{} images, {} rounds, crops of {} x {}\n\n", files.size(), rounds, side, side);
  fmt::print("| decoded | ms | images/s a core | against libjpeg-turbo's region |\n");
  fmt::print("| --- | --- | --- | --- |\n");
  const double region = median(times[static_cast<std::size_t>(Way::libjpeg_region)]);
  for (std::size_t way = 0; way < kNames.size(); ++way) {
    const double seconds = median(times[way]);
    fmt::print("| {} | {:.3f} | {:.0f} | {:.2f} |\n", kNames[way], seconds * 1e3, 1 / seconds,
               region / seconds);
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2 || argc > 4) {
    fmt::print(stderr, "usage: decode DIR [rounds=5] [side=176]\n");
    return EXIT_FAILURE;
  }
  try {
    run(argv[1], argc > 2 ? static_cast<std::uint32_t>(std::stoul(argv[2])) : 5,
        argc > 3 ? std::stoi(argv[3]) : 176);
  } catch (const std::exception& e) {
    fmt::print(stderr, "{}\n", e.what());
    return EXIT_FAILURE;
  }
  return EXIT_SUCCESS;
}
