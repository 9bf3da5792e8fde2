// The PNG files.
#include "../support/temp_folder.h"
#include "synthetic_run.h"

#include <imgcls/core/error.h>
#include <imgcls/core/file.h>
#include <imgcls/image/decode.h>
#include <imgcls/report/make_report.h>
#include <imgcls/report/plot.h>

#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <limits>
#include <map>
#include <tuple>
#include <vector>

using namespace imgcls;
namespace fs = std::filesystem;

namespace {

/// Colours of which there are at least `least` pixels.
std::size_t colours(const data::Image& image, int least) {
  std::map<std::tuple<int, int, int>, int> counts;
  for (std::size_t i = 0; i < image.pixels.size(); i += 3) {
    ++counts[{image.pixels[i], image.pixels[i + 1], image.pixels[i + 2]}];
  }
  std::size_t many = 0;
  for (const auto& [colour, count] : counts) many += count >= least ? 1 : 0;
  return many;
}

data::Image read(const fs::path& png) {
  data::Image image;
  data::decode(read_file(png.string()), png.string(), image);
  return image;
}

}  // namespace

TEST_CASE("accuracies are drawn over steps and time") {
  const test::TempFolder folder;
  std::vector<fs::path> folders;
  for (int i = 0; i < 4; ++i) {
    folders.push_back(folder / fmt::format("run-{}", i));
    test::write_run(folders.back(), {.seed = i, .lr = i < 3 ? 0.4 : 0.8, .details = false});
  }
  const char* kept = std::getenv("IMGCLS_LOOK");
  const auto written =
      report::write_plots(report::read_runs(folders), kept ? fs::path(kept) : folder / "figures");
  REQUIRE(written.size() == 4);
  for (const fs::path& png : written) {
    const data::Image image = read(png);
    REQUIRE(image.size == data::Size{1600, 1000});
    CHECK(colours(image, 300) >= 5);  // white, grid, two curves, text
  }
}

TEST_CASE("nothing to draw, one point and numbers that are none make pictures, too") {
  const test::TempFolder folder;
  const double none = std::numeric_limits<double>::quiet_NaN();
  report::Plot plot{.title = "t", .x_label = "x", .y_label = "y", .lines = {}};
  report::write_plot(plot, folder / "empty.png");
  plot.lines = {{.label = "a", .points = {{3, 50, none}}},
                {.label = "b", .points = {{1, none, 2}}}};
  report::write_plot(plot, folder / "point.png");
  CHECK(colours(read(folder / "empty.png"), 1) > 2);
  CHECK(colours(read(folder / "point.png"), 50) > 2);
  CHECK_THROWS_AS(report::write_plot(plot, folder / "no/such/folder.png"), IoError);
}
