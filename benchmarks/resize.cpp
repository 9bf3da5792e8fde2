// Time to resize one crop on one core: resize [seconds=0.3, for each figure]
//
// Pillow's bilinear with each instruction set of this processor, and OpenCV's INTER_LINEAR beside
// it, which reads four pixels for each output whatever the scale. Filters are made anew for each
// crop, as in training; rows are pushed 8 at a time, as a JPEG decoder has them.
#include <imgcls/core/philox.h>
#include <imgcls/image/resize/row_resizer.h>

#include <fmt/format.h>

#include <chrono>
#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

namespace {

using namespace imgcls;
using data::InstructionSet;
using data::Interpolation;
using data::Rect;
using data::Size;

constexpr int kRowsAtOnce = 8;

data::Image noise(Size size) {
  Random random(1, 0, 0, RandomStream::augment);
  data::Image image{size, {}};
  image.pixels.resize(static_cast<std::size_t>(size.width) * static_cast<std::size_t>(size.height) *
                      3);
  for (auto& value : image.pixels) value = static_cast<std::uint8_t>(random.bits());
  return image;
}

/// Least microseconds that one call of `work` took, of at least 20 and as many as fit `seconds`.
double microseconds(double seconds, const std::function<void()>& work) {
  using Clock = std::chrono::steady_clock;
  const auto begin = Clock::now();
  double least = 1e9;
  for (int i = 0; i < 20 || std::chrono::duration<double>(Clock::now() - begin).count() < seconds;
       ++i) {
    const auto start = Clock::now();
    work();
    least =
        std::min(least, std::chrono::duration<double, std::micro>(Clock::now() - start).count());
  }
  return least;
}

struct Crop {
  Size in;
  Size size;
  Interpolation interpolation = Interpolation::bilinear;
};

void push_all(data::RowResizer& resizer, const data::Image& image) {
  const std::size_t stride = static_cast<std::size_t>(image.size.width) * 3;
  const auto rows = resizer.rows();
  for (int y = rows.begin; y < rows.end; y += kRowsAtOnce) {
    resizer.push(image.row(y) + 3 * static_cast<std::ptrdiff_t>(resizer.columns().begin),
                 std::min(kRowsAtOnce, rows.end - y), stride);
  }
}

std::string row_of(const Crop& crop, double seconds) {
  const data::Image image = noise(crop.in);
  std::vector<std::uint8_t> output(static_cast<std::size_t>(crop.size.width) *
                                   static_cast<std::size_t>(crop.size.height) * 3);
  const Rect all{0, 0, crop.size.width, crop.size.height};
  const bool bicubic = crop.interpolation == Interpolation::bicubic;
  std::string row = fmt::format("| {} x {} to {} x {}{} |", crop.in.width, crop.in.height,
                                crop.size.width, crop.size.height, bicubic ? ", bicubic" : "");

  data::RowResizer best;
  row += fmt::format(" {:.1f} |", microseconds(seconds, [&] {
                       best.begin(crop.in, crop.size, all, crop.interpolation, true, output);
                     }));
  for (const auto set : {InstructionSet::portable, InstructionSet::avx2, InstructionSet::avx512}) {
    if (!data::is_available(set)) {
      row += " - |";
      continue;
    }
    data::RowResizer resizer(set);
    row += fmt::format(" {:.1f} |", microseconds(seconds, [&] {
                         resizer.begin(crop.in, crop.size, all, crop.interpolation, true, output);
                         push_all(resizer, image);
                       }));
  }
  row += fmt::format(" {:.1f} |", microseconds(seconds, [&] {
                       data::resize(image, {0, 0, crop.in.width, crop.in.height}, crop.size, all,
                                    Interpolation::bilinear_no_antialias, output);
                     }));
  return row;
}

void run(double seconds) {
  fmt::print("microseconds an image, the least of many; each includes `begin`\n");
  fmt::print("| crop | begin | portable | AVX2 | AVX-512 | OpenCV INTER_LINEAR |\n");
  fmt::print("| --- | --- | --- | --- | --- | --- |\n");
  const Size train{176, 176}, wide{224, 224};
  for (const Crop& crop :
       {Crop{{350, 300}, train}, Crop{{120, 110}, train}, Crop{{500, 375}, train},
        Crop{{250, 333}, train}, Crop{{200, 400}, train}, Crop{{350, 300}, wide},
        Crop{{1200, 900}, train}, Crop{{350, 300}, train, Interpolation::bicubic}}) {
    fmt::print("{}\n", row_of(crop, seconds));
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 2) {
    fmt::print(stderr, "usage: resize [seconds=0.3]\n");
    return EXIT_FAILURE;
  }
  try {
    run(argc > 1 ? std::stod(argv[1]) : 0.3);
  } catch (const std::exception& e) {
    fmt::print(stderr, "{}\n", e.what());
    return EXIT_FAILURE;
  }
  return EXIT_SUCCESS;
}
