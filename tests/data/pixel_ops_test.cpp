// Pixel operations against torchvision on Pillow, bit for bit (pixel_ops_reference.py).
#include "made_images.h"

#include <imgcls/augment/geometry.h>
#include <imgcls/augment/pixel_kernels.h>
#include <imgcls/augment/pixel_ops.h>
#include <imgcls/core/error.h>
#include <imgcls/core/philox.h>

#include <catch2/catch.hpp>
#include <limits>
#include <set>

using namespace imgcls;
using namespace imgcls::data;
using Catch::Contains;
using support::digest;
using support::made_image;

namespace {

void change(Image& image, const PixelStep& step) {
  std::vector<std::uint8_t> spare;
  apply_steps(std::span(&step, 1), PixelCanvas(image.size, image.pixels, spare));
}

/// A magnitude, or the several numbers of an operation.
PixelStep step_of(const std::string& operation, const nlohmann::json& magnitude,
                  PixelSettings settings) {
  if (magnitude.is_number()) return pixel_step(operation, magnitude, settings);
  std::copy(magnitude.begin(), magnitude.end(), settings.numbers.begin());
  return pixel_step(operation, 0, settings);
}

/// One digest of what the operation makes of the image, over all magnitudes.
std::string changed(const std::string& operation, const nlohmann::json& magnitudes,
                    const PixelSettings& settings, const Image& image) {
  std::vector<std::uint8_t> all;
  for (const auto& magnitude : magnitudes) {
    Image copy = image;
    change(copy, step_of(operation, magnitude, settings));
    all.insert(all.end(), copy.pixels.begin(), copy.pixels.end());
  }
  return digest(all);
}

std::vector<std::uint8_t> bytes_of(const std::string& hex) {
  std::vector<std::uint8_t> bytes;
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    bytes.push_back(static_cast<std::uint8_t>(std::stoi(hex.substr(i, 2), nullptr, 16)));
  }
  return bytes;
}

Sampling sampling_of(const std::string& name) {
  return name == "nearest"    ? Sampling::nearest
         : name == "bilinear" ? Sampling::bilinear
                              : Sampling::bicubic;
}

Image noise(Size size, std::uint64_t seed) {
  Random random(seed, 0, 0, RandomStream::augment);
  Image image{size, {}};
  image.pixels.resize(static_cast<std::size_t>(size.width) * size.height * 3);
  for (auto& value : image.pixels) value = static_cast<std::uint8_t>(random.bits());
  return image;
}

}  // namespace

TEST_CASE("pixel operations give torchvision's bits on Pillow images") {
  const auto images = support::pixel_reference("images");
  const auto magnitudes = support::pixel_reference("magnitudes");
  std::set<std::string> tested;
  for (const auto& test : support::pixel_reference("operations")) {
    const std::string operation = test["operation"];
    const PixelSettings settings{.sampling = sampling_of(test["sampling"]), .fill = test["fill"]};
    INFO(operation << " " << test["sampling"] << " " << test["fill"]);
    REQUIRE(test["digests"].size() == images.size());
    for (std::size_t i = 0; i < images.size(); ++i) {
      INFO(images[i]);
      CHECK(changed(operation, magnitudes.at(operation), settings, made_image(images[i])) ==
            test["digests"][i]);
    }
    tested.insert(operation);
  }
  tested.insert("gaussian_blur");  // below, with a tolerance
  tested.insert("mix");            // aug_mix_test.cpp
  tested.insert("erase");          // chain_test.cpp
  const auto names = pixel_operations().names();
  CHECK(tested == std::set<std::string>(names.begin(), names.end()));
}

TEST_CASE("a kernel's blur is torchvision's, but for values halfway between two") {
  std::size_t values = 0, different = 0;
  for (const auto& test : support::pixel_reference("kernel_blurs")) {
    INFO(test["image"] << " " << test["kernel"] << " " << test["sigma"]);
    const std::vector<std::uint8_t> expected = bytes_of(test["pixels"]);
    Image image = made_image(test["image"]);
    PixelSettings settings;
    std::copy(test["kernel"].begin(), test["kernel"].end(), settings.numbers.begin());
    change(image, pixel_step("gaussian_blur", test["sigma"], settings));
    REQUIRE(image.pixels.size() == expected.size());
    for (std::size_t i = 0; i < expected.size(); ++i) {
      const int by = std::abs(image.pixels[i] - expected[i]);
      CHECK(by <= 1);
      different += by == 0 ? 0 : 1;
    }
    values += expected.size();
  }
  REQUIRE(values > 10000);
  CHECK(different * 1000 < values);
}

TEST_CASE("a kernel may reach further than the image") {
  Image point{{1, 1}, {7, 8, 9}};
  const PixelSettings settings{.numbers = {23, 23}};
  change(point, pixel_step("gaussian_blur", 2, settings));
  CHECK(point.pixels == std::vector<std::uint8_t>{7, 8, 9});
  Image small = noise({4, 3}, 1);
  change(small, pixel_step("gaussian_blur", 50, settings));
  const auto [least, most] = std::minmax_element(small.pixels.begin(), small.pixels.end());
  CHECK(*most - *least < 60);  // all but even in each channel
}

TEST_CASE("the matrices of affine changes are torchvision's") {
  for (const auto& test : support::pixel_reference("affine_matrices")) {
    INFO(test);
    const auto& change = test["change"];
    const AffineMatrix made = inverse_affine(test["center"][0], test["center"][1],
                                             {.degrees = change[0],
                                              .move_x = change[1][0],
                                              .move_y = change[1][1],
                                              .scale = change[2],
                                              .shear_x = change[3][0],
                                              .shear_y = change[3][1]});
    for (std::size_t i = 0; i < made.size(); ++i) {
      CHECK(made[i] == Approx(test["matrix"][i].get<double>()).epsilon(1e-14).margin(1e-13));
    }
  }
}

TEST_CASE("images too large for fixed point get Pillow's bits, too") {
  for (const auto& test : support::pixel_reference("far")) {
    INFO(test);
    CHECK(changed(test["operation"], test["magnitudes"], {}, made_image(test["image"])) ==
          test["digest"]);
  }
}

TEST_CASE("the loops for AVX2 give the bits of the portable ones") {
  if (!is_available(InstructionSet::avx2)) return;
  const PixelKernels& portable = pixel_kernels(InstructionSet::portable);
  const PixelKernels& avx2 = pixel_kernels(InstructionSet::avx2);
  REQUIRE(&portable != &avx2);
  Random random(5, 0, 0, RandomStream::augment);
  for (std::uint64_t i = 0; i < 300; ++i) {
    const Size size{1 + static_cast<int>(random.below(80)), 1 + static_cast<int>(random.below(5))};
    const Image image = noise(size, i);
    const std::size_t pixels = image.pixels.size() / 3;
    const auto alpha = static_cast<float>(random.uniform(-1, 3));
    const auto both = [&](const auto& run) {
      Image one = image, other = image;
      run(portable, one.pixels.data());
      run(avx2, other.pixels.data());
      CHECK(one.pixels == other.pixels);
    };
    both([&](const auto& k, auto* data) { k.blend_constant(data, 3 * pixels, 93, alpha); });
    both([&](const auto& k, auto* data) { k.blend_grey(data, pixels, alpha); });
    both([&](const auto& k, auto* data) { k.to_grey(data, pixels); });
    both([&](const auto& k, auto* data) { k.mask(data, 3 * pixels, 0xF0, 0x3C); });
    both([&](const auto& k, auto* data) { k.solarize(data, 3 * pixels, 100); });
    const float scale[3]{1.5F, 2.0F, alpha}, offset[3]{-20, 0.25F, 3};
    both([&](const auto& k, auto* data) { k.linear(data, pixels, scale, offset); });
    CHECK(portable.grey_sum(image.pixels.data(), pixels) ==
          avx2.grey_sum(image.pixels.data(), pixels));
    std::array<std::uint8_t, 12> ends{};
    portable.extremes(image.pixels.data(), pixels, ends.data(), ends.data() + 3);
    avx2.extremes(image.pixels.data(), pixels, ends.data() + 6, ends.data() + 9);
    CHECK(std::equal(ends.begin(), ends.begin() + 6, ends.begin() + 6));
    Image source = image;
    source.pixels.push_back(0);
    both([&](const auto& k, auto* data) { k.turn_hue(data, pixels, 40); });
    const std::size_t stride = static_cast<std::size_t>(size.width) * 3;
    const TransformSource from{source.pixels.data(), stride, size.width, size.height};
    const std::uint8_t fill[3]{1, 2, 3};
    for (const double down : {0.0, 0.01}) {
      const double matrix[8]{0.9, alpha, 1, -0.2, 1.1, 0.5, 0.001, down};
      for (const auto row :
           {&PixelKernels::nearest_row, &PixelKernels::bilinear_row, &PixelKernels::bicubic_row}) {
        both([&](const auto& k, auto* data) { (k.*row)(from, matrix, 0, fill, data); });
      }
    }
    std::vector<std::uint32_t> sums(stride);
    both([&](const auto& k, auto* data) {
      k.box_blur({2, 3000000, 800000}, source.pixels.data(), size.height, stride, sums.data(),
                 data);
    });
    both([&](const auto& k, auto* data) {
      const std::vector<float> values(image.pixels.begin(), image.pixels.end());
      std::vector<float> made(values.size());
      const float* rows[2]{values.data(), values.data()};
      const float weights[2]{0.7F, alpha};
      k.weighted_sum(rows, weights, 2, values.size(), made.data());
      k.round_to_bytes(made.data(), made.size(), data);
    });
    if (size.width < 3 || size.height < 3) continue;
    both([&](const auto& k, auto* data) {
      const std::uint8_t* row = source.pixels.data() + stride;
      k.blend_smooth(row - stride, row, row + stride, stride, alpha, data);
    });
  }
}

TEST_CASE("an unknown operation, or a magnitude that it does not take, is refused by name") {
  CHECK_THROWS_WITH(pixel_step("solarise", 3), Contains("no image operation \"solarise\"") &&
                                                   Contains("did you mean \"solarize\"?"));
  CHECK_THROWS_WITH(pixel_step("zzz"), !Contains("did you mean") && Contains("known: identity"));
  CHECK_THROWS_WITH(pixel_step("posterize", 9),
                    Contains("\"posterize\" has a magnitude of 9; expected 0 to 8"));
  CHECK_THROWS_AS(pixel_step("hue", 0.51), ConfigError);
  CHECK_THROWS_AS(pixel_step("rotate", std::numeric_limits<double>::quiet_NaN()), ConfigError);
  CHECK_THROWS_WITH(pixel_step("invert", 1), Contains("\"invert\" has no magnitude"));
}

TEST_CASE("a program's own operation is known by its name, once") {
  const PixelOperation own{"blue_only", "blue", 0, 0,
                           [](PixelCanvas& canvas, double, const PixelSettings&) {
                             for (std::size_t i = 0; i < canvas.pixels().size(); ++i) {
                               if (i % 3 != 2) canvas.pixels()[i] = 0;
                             }
                           }};
  PixelOperations known({own});
  Image image{{1, 1}, {1, 2, 3}};
  change(image, {&known.at("blue_only"), 0, {}});
  CHECK(image.pixels == std::vector<std::uint8_t>{0, 0, 3});
  CHECK_THROWS_WITH(known.add(own), Contains("\"blue_only\" already"));
  CHECK_THROWS_WITH(known.at("blue_onyl"), Contains("did you mean \"blue_only\"?"));
}
