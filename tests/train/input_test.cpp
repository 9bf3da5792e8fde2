#include <imgcls/image/grey16.h>
#include <imgcls/train/input.h>
#include <imgcls/train/readback.h>

#include <ATen/TensorOperators.h>
#include <ATen/ops/full.h>

#include <array>
#include <catch2/catch.hpp>
#include <utility>
#include <vector>

using namespace imgcls;

TEST_CASE("bytes become (value / 255 - mean) / std in NCHW order") {
  data::Batch batch;
  batch.size = 1;
  batch.side = 2;
  batch.images = {0, 10, 20, 30, 40, 50, 60, 70, 80, 255, 128, 1};
  batch.labels = {3};
  const train::Normalization n{.mean = {0.5, 0.4, 0.3}, .std = {0.2, 0.25, 0.5}};
  for (const bool channels_last : {true, false}) {
    const train::DeviceBatch made = train::InputStage(n, "cpu", channels_last)(batch);
    REQUIRE(made.images.sizes() == at::IntArrayRef({1, 3, 2, 2}));
    CHECK(made.images.is_contiguous(channels_last ? at::MemoryFormat::ChannelsLast
                                                  : at::MemoryFormat::Contiguous));
    const at::Tensor rows = made.images.contiguous();
    for (int y = 0, i = 0; y < 2; ++y) {
      for (int x = 0; x < 2; ++x) {
        for (int c = 0; c < 3; ++c, ++i) {
          // In fp32, in this order: the bits of torchvision's ToTensor and Normalize.
          const float expected =
              (static_cast<float>(batch.images[i]) / 255.f - static_cast<float>(n.mean[c])) /
              static_cast<float>(n.std[c]);
          CHECK(rows.data_ptr<float>()[c * 4 + y * 2 + x] == expected);
        }
      }
    }
    CHECK(made.labels.item<std::int64_t>() == 3);
  }
}

TEST_CASE("one channel is Pillow's luma of the bytes") {
  // Pillow 13: Image.new("RGB", (1, 1), color).convert("L").
  const std::vector<std::pair<std::array<int, 3>, int>> reference{
      {{255, 255, 255}, 255}, {{10, 20, 30}, 18}, {{255, 0, 0}, 76},
      {{0, 255, 0}, 150},     {{0, 0, 255}, 29},  {{1, 2, 3}, 2},
      {{200, 100, 50}, 124},  {{77, 77, 77}, 77}, {{3, 1, 2}, 2}};
  data::Batch batch;
  batch.size = 1;
  batch.side = 3;
  for (const auto& [color, grey] : reference) {
    for (const int value : color) batch.images.push_back(static_cast<std::uint8_t>(value));
  }
  batch.labels = {3};
  const train::Normalization n{.mean = {0.5, 0.5, 0.5}, .std = {0.25, 0.25, 0.25}, .channels = 1};
  const at::Tensor made = train::InputStage(n, "cpu", true)(batch).images;
  REQUIRE(made.sizes() == at::IntArrayRef({1, 1, 3, 3}));
  for (std::size_t i = 0; i < reference.size(); ++i) {
    const float expected = (static_cast<float>(reference[i].second) / 255.f - 0.5f) / 0.25f;
    CHECK(made.flatten()[static_cast<std::int64_t>(i)].item<float>() == expected);
  }
  CHECK(train::normalize(batch.images, 3, n).equal(made));
}

TEST_CASE("grey of 16 bits is its value over 65535") {
  const std::vector<int> values{0, 1, 255, 256, 32768, 65534, 65535, 12345, 54321};
  data::Batch batch;
  batch.size = 1;
  batch.side = 3;
  batch.bits = 16;
  for (const int value : values) {
    std::array<std::uint8_t, 3> pixel{};
    data::set_grey16(pixel.data(), static_cast<std::uint16_t>(value));
    batch.images.insert(batch.images.end(), pixel.begin(), pixel.end());
  }
  batch.labels = {3};
  const train::Normalization n{
      .mean = {0.5, 0.5, 0.5}, .std = {0.25, 0.25, 0.25}, .channels = 1, .bits = 16};
  const train::InputStage stage(n, "cpu", true);
  const at::Tensor made = stage(batch).images;
  REQUIRE(made.sizes() == at::IntArrayRef({1, 1, 3, 3}));
  for (std::size_t i = 0; i < values.size(); ++i) {
    const float expected = (static_cast<float>(values[i]) / 65535.f - 0.5f) / 0.25f;
    CHECK(made.flatten()[static_cast<std::int64_t>(i)].item<float>() == expected);
  }
  CHECK(train::normalize(batch.images, 3, n).equal(made));
  CHECK(stage(batch, at::kBFloat16).images.allclose(made.to(at::kBFloat16), 0, 0.01));
  batch.bits = 8;
  CHECK_THROWS_WITH(stage(batch), Catch::Contains("of 8 bits"));
}

TEST_CASE("images in half are those in float, rounded once") {
  data::Batch batch;
  batch.size = 1;
  batch.side = 16;
  for (int i = 0; i < 16 * 16 * 3; ++i) batch.images.push_back(static_cast<std::uint8_t>(i % 256));
  batch.labels = {3};
  for (const bool channels_last : {true, false}) {
    const train::InputStage input({}, "cpu", channels_last);
    const at::Tensor exact = input(batch).images;
    for (const at::ScalarType type : {at::kHalf, at::kBFloat16}) {
      const at::Tensor made = input(batch, type).images;
      CHECK(made.scalar_type() == type);
      CHECK(made.strides() == exact.strides());
      // Another order of operations in fp32, 1e-6 apart, can round to the type's next value: half a
      // unit in the last place (2^-11, 2^-8) each, of values up to 2.7.
      const double unit = type == at::kHalf ? 0x1p-11 : 0x1p-8;
      const at::Tensor error = (made.to(at::kFloat) - exact).abs();
      CHECK(error.max().item<double>() <= 4 * unit / 2 + 1e-6);
    }
  }
}

TEST_CASE("a loader for the CPU needs no memory of its own kind") {
  data::LoaderOptions options;
  train::InputStage({}, "cpu", true).prepare(options);
  CHECK(options.memory == nullptr);
  CHECK(options.kept == 1);
}

TEST_CASE("figures that are read back are those of when it was asked for") {
  train::Readback readback("cpu");
  CHECK_FALSE(readback.is_under_way());
  CHECK_FALSE(readback.has_come());
  at::Tensor value = at::full({2}, 3.0);
  readback.start({value, value.sum()});
  value.fill_(5);
  CHECK(readback.has_come());
  const std::vector<at::Tensor> got = readback.take();
  REQUIRE(got.size() == 2);
  CHECK(got[0].equal(at::full({2}, 3.0)));
  CHECK(got[1].item<double>() == 6);
  CHECK_FALSE(readback.is_under_way());
}
