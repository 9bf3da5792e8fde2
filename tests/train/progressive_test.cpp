// Training images that grow over the epochs.
#include <imgcls/core/config.h>
#include <imgcls/core/file.h>
#include <imgcls/train/progressive.h>
#include <imgcls/train/run_sink.h>

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "../support/temp_folder.h"
#include "../support/toy_run.h"

using namespace imgcls;
using Catch::Matchers::Contains;

namespace {

train::RunOptions options_of(std::vector<std::string> changes) {
  changes.insert(changes.begin(), {"data.root=photos", "model.name=resnet18"});
  return train::run_options(Config::load(changes));
}

}  // namespace

TEST_CASE("images have the sides that FFCV's get_resolution gives") {
  // The first epoch of each side, of `int(np.round(np.interp(...) / 32)) * 32`.
  const auto begins = [](const train::ProgressiveOptions& options, int last, int side) {
    std::uint32_t epoch = 0;
    while (train::side_at(options, last, epoch) != side && epoch < 1000) ++epoch;
    return epoch;
  };
  const train::ProgressiveOptions rn50_16{.size = 160, .begin = 11, .end = 13};
  CHECK(begins(rn50_16, 192, 160) == 0);
  CHECK(begins(rn50_16, 192, 192) == 12);  // 5.5 times 32 goes to 6
  const train::ProgressiveOptions rn50_40{.size = 160, .begin = 34, .end = 39};
  CHECK(begins(rn50_40, 192, 192) == 37);
  const train::ProgressiveOptions wide{.size = 128, .begin = 10, .end = 60};
  CHECK(begins(wide, 224, 160) == 19);
  CHECK(begins(wide, 224, 192) == 35);
  CHECK(begins(wide, 224, 224) == 52);
  CHECK(train::side_at({}, 224, 0) == 224);
  // Sides that are no multiples are the first and the last all the same.
  const train::ProgressiveOptions odd{.size = 100, .begin = 1, .end = 3, .multiple = 64};
  CHECK(train::side_at(odd, 150, 1) == 100);
  CHECK(train::side_at(odd, 150, 2) == 128);
  CHECK(train::side_at(odd, 150, 3) == 150);
}

TEST_CASE("a run with growing images resumes to the same bits") {
  const test::TempFolder folder;
  train::RunOptions options = test::toy_options(folder / "straight");
  options.epochs = 4;
  options.augment = {.size = 12, .crop = data::CropKind::none, .flip = 0};
  options.progressive = {.size = 6, .begin = 0, .end = 2, .multiple = 3};
  std::vector<int> sides;
  class Sides final : public train::RunSink {
   public:
    explicit Sides(std::vector<int>& sides) : sides_(sides) {}
    std::filesystem::path file() const override { return "sides"; }
    void first_batch(const data::Batch& batch, std::int64_t) override {
      sides_.push_back(batch.side);
    }

   private:
    std::vector<int>& sides_;
  };
  options.sinks = {[&](const train::SinkContext&) { return std::make_unique<Sides>(sides); }};
  const train::TrainResult straight = test::train_toy(options);
  options.folder = folder / "parts";
  for (const std::int64_t stop : {2, 6, 9, 0}) {
    options.max_steps = stop;
    test::train_toy(options);
  }
  // The first batches of five sessions: of epochs 0, 0, 0, 1 and 2.
  const std::vector<int> expected{6, 6, 6, 9, 12};
  CHECK(sides == expected);
  const auto step = straight.checkpoint.filename();
  for (const char* file : {"weights.safetensors", "optimizer.safetensors"}) {
    CHECK(read_file(straight.checkpoint / file) ==
          read_file(folder / "parts/checkpoints" / step / file));
  }
}

TEST_CASE("growing images that make no sense are refused, with the key") {
  CHECK(options_of({"progressive.size=160", "augment.size=192"}).progressive.size == 160);
  CHECK_THROWS_WITH(options_of({"progressive.size=256"}),
                    Contains("progressive.size must be at most augment.size=224, not 256"));
  CHECK_THROWS_WITH(options_of({"progressive.size=128", "augment.crop=pad"}),
                    Contains("progressive.size") && Contains("augment.crop=pad"));
  CHECK_THROWS_WITH(options_of({"progressive.size=128", "model.name=vit_b_16"}),
                    Contains("progressive.size") && Contains("vit_b_16"));
  CHECK_THROWS_WITH(options_of({"progressive.ramp=[5,2]"}), Contains("progressive.ramp"));
}
