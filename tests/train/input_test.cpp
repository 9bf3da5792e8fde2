#include <imgcls/train/input.h>

#include <catch2/catch.hpp>

using namespace imgcls;

TEST_CASE("bytes become (value / 255 - mean) / std in NCHW order") {
  data::Batch batch;
  batch.size = 1;
  batch.side = 2;
  batch.images = {0, 10, 20, 30, 40, 50, 60, 70, 80, 255, 128, 1};
  batch.labels = {3};
  const train::Normalisation n{.mean = {0.5, 0.4, 0.3}, .std = {0.2, 0.25, 0.5}};
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
