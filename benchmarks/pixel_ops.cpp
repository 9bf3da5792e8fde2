// Time of each pixel operation on one core, beside Pillow's: pixel_ops [seconds=0.3 [python]]
//
// 224 x 224 pixels, magnitudes in the middle of TrivialAugmentWide's scale. `python` is an
// interpreter with Pillow and torchvision; it then takes turns with ours, operation by operation,
// so that both see the same load. Run from the repository's root.
#include <imgcls/augment/pixel_ops.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using namespace imgcls;
using data::Sampling;

constexpr int kSide = 224;
/// How often the two take turns for each operation.
constexpr int kRounds = 3;

/// As benchmarks/peers/pixel_ops.py makes it: gradients with a little noise.
data::Image gradients() {
  data::Image image{{kSide, kSide}, {}};
  for (std::uint32_t y = 0; y < kSide; ++y) {
    for (std::uint32_t x = 0; x < kSide; ++x) {
      for (std::uint32_t c = 0; c < 3; ++c) {
        const std::uint32_t noise = (x * 73856093U ^ y * 19349663U ^ c * 83492791U) * 2654435761U;
        const std::uint32_t value = 20 + x * (c + 1) / 6 + y / 2 + (noise >> 28);
        image.pixels.push_back(static_cast<std::uint8_t>(value));
      }
    }
  }
  return image;
}

struct Case {
  std::string operation;
  double magnitude = 0;
  Sampling sampling = Sampling::nearest;
  std::array<double, 8> numbers{};
};

// Turned by 15 degrees about the centre and 0.9 times as large; and a leaning trapezium.
constexpr std::array<double, 8> kTurned{1.0733, 0.2876, -40.42, -0.2876, 1.0733, 24.0};
constexpr std::array<double, 8> kLeaning{1.12, 0.21, -19.5, 0.06, 1.24, -14.0, 0.0004, 0.0011};

const std::vector<Case>& cases() {
  static const std::vector<Case> all{
      {"shear_x", 0.5},
      {"shear_x", 0.5, Sampling::bilinear},
      {"shear_y", 0.5},
      {"shear_y", 0.5, Sampling::bilinear},
      {"translate_x", 16},
      {"translate_y", 16},
      {"rotate", 31.5},
      {"rotate", 31.5, Sampling::bilinear},
      {"brightness", 0.5},
      {"color", 0.5},
      {"contrast", 0.5},
      {"sharpness", 0.5},
      {"brightness", -0.5},
      {"color", -0.5},
      {"contrast", -0.5},
      {"sharpness", -0.5},
      {"posterize", 4},
      {"solarize", 128},
      {"autocontrast", 0},
      {"equalize", 0},
      {"invert", 0},
      {"grayscale", 0},
      {"hue", 0.2},
      {"vertical_flip", 0},
      {"affine", 0, Sampling::nearest, kTurned},
      {"affine", 0, Sampling::bilinear, kTurned},
      {"affine", 0, Sampling::bicubic, kTurned},
      {"perspective", 0, Sampling::nearest, kLeaning},
      {"perspective", 0, Sampling::bilinear, kLeaning},
      {"perspective", 0, Sampling::bicubic, kLeaning},
      {"gaussian_blur", 1.5, Sampling::nearest, {23, 23}},
      {"gaussian_blur_pillow", 1.5},
  };
  return all;
}

std::string mode_of(const Case& one) {
  constexpr std::array names{"nearest", "bilinear", "bicubic"};
  return names[static_cast<std::size_t>(one.sampling)];
}

/// Least microseconds that one call took, of as many as fit `seconds`.
double ours(const Case& one, double seconds) {
  using Clock = std::chrono::steady_clock;
  const data::Image image = gradients();
  const data::PixelStep step = data::pixel_step(one.operation, one.magnitude,
                                                {.sampling = one.sampling, .numbers = one.numbers});
  std::vector<std::uint8_t> spare;
  const auto begin = Clock::now();
  double least = 1e9;
  while (std::chrono::duration<double>(Clock::now() - begin).count() < seconds) {
    data::Image copy = image;
    data::PixelCanvas canvas(copy.size, copy.pixels, spare);
    const auto start = Clock::now();
    step.operation->apply(canvas, step.magnitude, step.settings);
    least =
        std::min(least, std::chrono::duration<double, std::micro>(Clock::now() - start).count());
  }
  return least;
}

/// The same of Pillow.
double theirs(const std::string& python, const Case& one, double seconds) {
  const std::string command =
      fmt::format("'{}' benchmarks/peers/pixel_ops.py {} {} {} {} {}", python, one.operation,
                  one.magnitude, mode_of(one), seconds, fmt::join(one.numbers, " "));
  struct Close {
    void operator()(std::FILE* pipe) const { pclose(pipe); }
  };
  const std::unique_ptr<std::FILE, Close> pipe(popen(command.c_str(), "r"));
  std::array<char, 64> line{};
  if (!pipe || std::fgets(line.data(), line.size(), pipe.get()) == nullptr) {
    throw std::runtime_error("no answer from " + command);
  }
  return std::stod(line.data());
}

void run(double seconds, const std::string& python) {
  fmt::print("microseconds an image of {} x {}, the least of many\n", kSide, kSide);
  fmt::print("| operation | magnitude | ours |{}\n", python.empty() ? "" : " Pillow | ratio |");
  fmt::print("| --- | --- | --- |{}\n", python.empty() ? "" : " --- | --- |");
  for (const Case& one : cases()) {
    double time = ours(one, seconds), other = 0;
    for (int round = 0; round < kRounds && !python.empty(); ++round) {
      const double theirs_now = theirs(python, one, seconds);
      other = round == 0 ? theirs_now : std::min(other, theirs_now);
      time = std::min(time, ours(one, seconds));
    }
    fmt::print("| {}{} | {} | {:.1f} |", one.operation,
               one.sampling == Sampling::nearest ? "" : ", " + mode_of(one), one.magnitude, time);
    if (!python.empty()) {
      fmt::print(" {:.1f} | {:.1f} |", other, other / time);
    }
    fmt::print("\n");
    std::fflush(stdout);
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 3) {
    fmt::print(stderr, "usage: pixel_ops [seconds=0.3 [python]]\n");
    return EXIT_FAILURE;
  }
  try {
    run(argc > 1 ? std::stod(argv[1]) : 0.3, argc > 2 ? argv[2] : "");
  } catch (const std::exception& e) {
    fmt::print(stderr, "{}\n", e.what());
    return EXIT_FAILURE;
  }
  return EXIT_SUCCESS;
}
