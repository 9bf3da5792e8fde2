// Grey images of 16 bits from file to prediction. The classes differ in the lower byte alone, so
// that whatever looks at the upper one sees no difference.
#include "folder_data.h"

#include <imgcls/core/file.h>

#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <string>

using namespace imgcls;
using namespace imgcls::test;
using Catch::Contains;
namespace fs = std::filesystem;

namespace {

constexpr int kSide = 16;

/// A PGM of values about `level`, which is below 200: the upper byte is 64 everywhere.
std::string pgm(int level, int seed) {
  std::string file = fmt::format("P5 {0} {0} 65535\n", kSide);
  for (int i = 0; i < kSide * kSide; ++i) {
    file += char(64);
    file += static_cast<char>(level + (i * 7 + seed * 13) % 40);
  }
  return file;
}

class Scans {
 public:
  Scans() {
    for (const char* half : {"train", "val"}) {
      for (int i = 0; i < 24; ++i) {
        write("data", half, "dark", i, pgm(10, i));
        write("data", half, "light", i, pgm(150, i));
      }
    }
  }

  fs::path operator/(const std::string& name) const { return folder_ / name; }
  std::string train(const std::string& run, const std::string& more) const {
    // The mean is that of all pixels, (64 * 256 + 100) / 65535, the deviation that of the lower
    // byte.
    return IMGCLS_BINARY_DIR
           "/bin/train_resnet50 model.name=resnet9 model.width=4 augment.crop=pad "
           "augment.size=16 augment.pad=1 eval.size=16 eval.resize=0 "
           "data.channels=1 data.mean=[0.2515,0.2515,0.2515] "
           "data.std=[0.0011,0.0011,0.0011] train.epochs=8 train.batch=12 "
           "train.threads=1 optimizer.lr=0.05 data.root=" +
           (folder_ / "data").string() + " run.dir=" + (folder_ / run).string() + " " + more;
  }

 private:
  void write(const char* root, const char* half, const char* label, int i,
             const std::string& file) {
    const fs::path folder = folder_ / root / half / label;
    make_folders(folder);
    write_unsynced(folder / fmt::format("{}.pgm", i), std::as_bytes(std::span(file)));
  }

  TempFolder folder_;
};

}  // namespace

TEST_CASE("images of 16 bits are told apart by their lower bytes") {
  const Scans scans;
  const auto trained = run_program(scans.train("deep", "data.bits=16"));
  CAPTURE(trained.output);
  REQUIRE(trained.code == 0);
  CHECK_THAT(trained.output, Contains("done: top-1 100.00 %"));
  const auto evaluated = run_program(kImgcls + "eval " + (scans / "deep").string());
  CHECK_THAT(evaluated.output, Contains("top-1  100.0000 %  48 right"));

  const auto upper = run_program(scans.train("upper", ""));
  CAPTURE(upper.output);
  CHECK(upper.code == 0);
  CHECK_THAT(upper.output, Contains("done: top-1 50.00 %"));

  for (const char* label : {"dark", "light"}) {
    const auto predicted =
        run_program(kImgcls + "predict --top 1 --run " + (scans / "deep").string() + " " +
                    (scans / "data/val" / label / "5.pgm").string());
    CHECK(predicted.code == 0);
    CHECK_THAT(predicted.output, Contains(std::string(" %  ") + label));
  }
  const auto exported = run_program(kImgcls + "export --run " + (scans / "deep").string() + " -o " +
                                    (scans / "deep.onnx").string());
  CHECK(exported.code == 0);
  const auto onnx = read_file(scans / "deep.onnx");
  const std::string text(reinterpret_cast<const char*>(onnx.data()), onnx.size());
  CHECK_THAT(text, Contains("bits") && Contains("channels"));
  const auto shown = run_program(kImgcls + "data show " + (scans / "deep/config.json").string() +
                                 " --images 4 -o " + (scans / "page.html").string());
  CAPTURE(shown.output);
  CHECK(shown.code == 0);
}

TEST_CASE("what does not go with 16 bits is refused before a folder is made") {
  const Scans scans;
  const auto refused = [&](const std::string& more, const std::string& why) {
    const auto run = run_program(scans.train("never", "data.bits=16 " + more));
    CAPTURE(more, run.output);
    CHECK(run.code == 2);
    CHECK_THAT(run.output, Contains(why));
    CHECK_FALSE(fs::exists(scans / "never"));
  };
  refused("data.channels=3", "give data.channels=1");
  refused("augment.policy=trivial_augment_wide", "augment.policy=trivial_augment_wide");
  refused("augment.interpolation=bilinear_no_antialias", "bilinear or bicubic");
  refused("data.bits=12", "data.bits=12");
}
