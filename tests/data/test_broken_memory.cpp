// 100,000 damaged images leave no memory behind, whether the loader skips them or `decode` throws.
#include "odd_files.h"
#include "support.h"

#include <imgcls/core/error.h>
#include <imgcls/core/philox.h>
#include <imgcls/data/decode.h>
#include <imgcls/data/loader.h>

#include <catch2/catch.hpp>
#include <fstream>

using namespace imgcls;
using namespace imgcls::data;

namespace {

constexpr std::size_t kImages = 100'000;
constexpr double kGrowthMib = 4;  // 42 bytes an image would be seen

double resident_mib() {
  const std::string key = "VmRSS:";
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(key)) return std::stod(line.substr(key.size())) / 1024;
  }
  throw std::runtime_error("/proc/self/status has no VmRSS");
}

/// The odd files of usual size, each time damaged in another way.
class DamagedSource final : public Source {
 public:
  DamagedSource() {
    for (support::OddFile& file : support::odd_files()) {
      if (file.bytes.size() < 20'000 && file.size.width < 1000 && file.size.height < 1000) {
        files_.push_back(std::move(file.bytes));
      }
    }
  }

  std::size_t size() const override { return kImages; }
  std::int64_t label(std::size_t) const override { return 0; }
  std::string name(std::size_t index) const override { return fmt::format("damaged {}", index); }
  const std::vector<std::string>& classes() const override { return classes_; }
  std::string fingerprint() const override { return "damaged"; }
  Sample read(std::size_t index) const override { return damaged(index); }

  std::vector<std::byte> damaged(std::size_t index) const {
    Random random(1, 0, index, RandomStream::augment);
    std::vector<std::byte> file = files_[index % files_.size()];
    if (index % 3 == 0) {
      file.resize(random.below(file.size()));
      return file;
    }
    for (std::uint64_t flips = 1 + random.below(40); flips > 0; --flips) {
      file[random.below(file.size())] ^= std::byte{1} << random.below(8);
    }
    return file;
  }

 private:
  std::vector<std::vector<std::byte>> files_;
  std::vector<std::string> classes_ = {"all"};
};

}  // namespace

TEST_CASE("Memory does not grow over damaged images that the loader skips") {
  LoaderOptions options;
  options.batch = 100;
  options.threads = 2;
  options.on_error = OnError::skip;
  options.transform = EvalOptions{.size = 32, .resize = 40};
  Loader loader(std::make_shared<DamagedSource>(), options);
  loader.start(0);
  double early = 0;
  for (std::size_t done = 0; const Batch* batch = loader.next(); done += batch->size) {
    if (done == kImages / 10) early = resident_mib();
  }
  const double late = resident_mib();
  INFO("skipped " << loader.skipped() << "; " << early << " MiB after a tenth, " << late
                  << " MiB at the end");
  CHECK(loader.skipped() > kImages / 2);
  CHECK(late - early < kGrowthMib);
}

TEST_CASE("Memory does not grow over damaged images that decode refuses") {
  const DamagedSource source;
  double early = 0;
  std::size_t refused = 0;
  Image image;
  for (std::size_t i = 0; i < kImages; ++i) {
    if (i == kImages / 10) early = resident_mib();
    try {
      decode(source.damaged(i), "damaged", image);
    } catch (const DataError&) {
      ++refused;
    }
  }
  const double late = resident_mib();
  INFO("refused " << refused << "; " << early << " MiB after a tenth, " << late << " at the end");
  CHECK(refused > kImages / 2);
  CHECK(late - early < kGrowthMib);
}
