// Philox4x32-10 against the known answers of its authors' Random123.

#include <imgcls/core/philox.h>

#include <catch2/catch.hpp>

#include <array>
#include <cstdint>
#include <set>

using imgcls::philox4x32;
using imgcls::Random;
using imgcls::RandomStream;
using Block = std::array<std::uint32_t, 4>;

TEST_CASE("Philox4x32-10 known answers") {
  constexpr std::uint32_t kOnes = 0xffffffff;
  CHECK(philox4x32({0, 0, 0, 0}, {0, 0}) == Block{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
  CHECK(philox4x32({kOnes, kOnes, kOnes, kOnes}, {kOnes, kOnes}) ==
        Block{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
  CHECK(philox4x32({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}) ==
        Block{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
}

TEST_CASE("seed, epoch, sample and stream each change the numbers") {
  constexpr std::uint64_t kHigh = std::uint64_t{1} << 32;
  const auto first = [](std::uint64_t seed, std::uint32_t epoch, std::uint64_t sample,
                        RandomStream stream) { return Random(seed, epoch, sample, stream).bits(); };
  const std::set<std::uint32_t> numbers = {
      first(1, 2, 3, RandomStream::augment),         first(2, 2, 3, RandomStream::augment),
      first(1 + kHigh, 2, 3, RandomStream::augment), first(1, 3, 3, RandomStream::augment),
      first(1, 2, 4, RandomStream::augment),         first(1, 2, 3 + kHigh, RandomStream::augment),
      first(1, 2, 3, RandomStream::shuffle),         first(1, 2, 3, RandomStream::step)};
  CHECK(numbers.size() == 8);
  CHECK(first(1, 2, 3, RandomStream::augment) == first(1, 2, 3, RandomStream::augment));
}

TEST_CASE("uniform numbers lie in their range and are spread evenly") {
  Random random(7, 0, 0, RandomStream::augment);
  double sum = 0;
  std::array<int, 3> counts{};
  constexpr int kDraws = 30'000;
  for (int i = 0; i < kDraws; ++i) {
    const double u = random.uniform();
    REQUIRE(u >= 0);
    REQUIRE(u < 1);
    sum += u;
    const std::uint64_t n = random.below(3);
    REQUIRE(n < 3);
    ++counts[n];
  }
  CHECK(sum / kDraws == Approx(0.5).margin(0.01));
  for (const int count : counts) CHECK(count == Approx(kDraws / 3).margin(400));
  CHECK(random.below(1) == 0);
}
