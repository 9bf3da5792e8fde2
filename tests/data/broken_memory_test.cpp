// 100,000 damaged images leave no memory behind, whether the loader skips them or `decode` throws.
#include "odd_files.h"
#include "support.h"

#include <imgcls/core/error.h>
#include <imgcls/core/philox.h>
#include <imgcls/data/loader.h>
#include <imgcls/image/decode.h>

#include <malloc.h>

#include <catch2/catch.hpp>
#include <fstream>

using namespace imgcls;
using namespace imgcls::data;

namespace {

constexpr std::size_t kImages = 100'000;
constexpr double kGrowthMib = 4;  // 42 bytes an image would be seen

/// glibc moves its threshold for memory of its own from the system up to the largest block that was
/// freed, and then keeps as much for a thread: 20 MiB here, once. Said, it stays.
void keep_allocator_as_it_is() {
  REQUIRE(::mallopt(M_MMAP_THRESHOLD, 128 << 10) == 1);
}

/// What the process holds, less what its allocator could give back.
double resident_mib() {
  ::malloc_trim(0);
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
      if (!file.bytes.empty() && file.bytes.size() < 20'000 && file.size.width < 1000 &&
          file.size.height < 1000) {
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
  keep_allocator_as_it_is();
  LoaderOptions options;
  options.batch = 100;
  options.threads = 1;  // of several, each would meet its largest image some day
  options.on_error = OnError::skip;
  options.transform = EvalOptions{.size = 32, .resize = 40};
  // Twice the same, so that the second time nothing is larger than it was before.
  Loader loader(std::make_shared<DamagedSource>(), options);
  const auto load_all = [&] {
    loader.start(0);
    while (loader.next()) {
    }
    return resident_mib();
  };
  const double first = load_all(), second = load_all();
  INFO("skipped " << loader.skipped() << "; " << first << " MiB, then " << second << " MiB");
  CHECK(loader.skipped() > kImages);
  CHECK(second - first < kGrowthMib);
}

TEST_CASE("Memory does not grow over damaged images that decode refuses") {
  keep_allocator_as_it_is();
  const DamagedSource source;
  std::size_t refused = 0;
  Image image;
  const auto decode_all = [&] {
    for (std::size_t i = 0; i < kImages; ++i) {
      try {
        decode(source.damaged(i), "damaged", image);
      } catch (const DataError&) {
        ++refused;
      }
    }
    return resident_mib();
  };
  const double first = decode_all(), second = decode_all();
  INFO("refused " << refused << "; " << first << " MiB, then " << second << " MiB");
  CHECK(refused > kImages);
  CHECK(second - first < kGrowthMib);
}
