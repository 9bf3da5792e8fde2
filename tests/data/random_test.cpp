// Random numbers and the order of samples, against published values and a Python implementation.
#include "support.h"

#include <imgcls/core/philox.h>
#include <imgcls/data/sampler.h>

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <numeric>

using namespace imgcls;
using namespace imgcls::data;

TEST_CASE("Philox gives the known answers of Random123") {
  using Block = std::array<std::uint32_t, 4>;
  CHECK(philox4x32({0, 0, 0, 0}, {0, 0}) == Block{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
  constexpr std::uint32_t kOnes = 0xffffffff;
  CHECK(philox4x32({kOnes, kOnes, kOnes, kOnes}, {kOnes, kOnes}) ==
        Block{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
  CHECK(philox4x32({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}) ==
        Block{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
}

TEST_CASE("Streams, samples, epochs and seeds give different numbers") {
  const auto first = [](std::uint64_t seed, std::uint32_t epoch, std::uint64_t sample,
                        RandomStream stream) { return Random(seed, epoch, sample, stream).bits(); };
  std::vector<std::uint32_t> bits = {first(0, 0, 0, RandomStream::augment),
                                     first(1, 0, 0, RandomStream::augment),
                                     first(1ULL << 32, 0, 0, RandomStream::augment),
                                     first(0, 1, 0, RandomStream::augment),
                                     first(0, 0, 1, RandomStream::augment),
                                     first(0, 0, 1ULL << 32, RandomStream::augment),
                                     first(0, 0, 0, RandomStream::shuffle),
                                     first(0, 0, 0, RandomStream::replacement)};
  std::sort(bits.begin(), bits.end());
  CHECK(std::adjacent_find(bits.begin(), bits.end()) == bits.end());
}

TEST_CASE("Uniform numbers fill 0 to 1 and integers below n all occur") {
  Random random(7, 0, 0, RandomStream::augment);
  double sum = 0;
  for (int i = 0; i < 10000; ++i) {
    const double number = random.uniform();
    REQUIRE(number >= 0);
    REQUIRE(number < 1);
    sum += number;
  }
  CHECK(sum / 10000 == Approx(0.5).margin(0.02));
  std::array<int, 7> seen{};
  for (int i = 0; i < 7000; ++i) ++seen.at(random.below(7));
  for (const int count : seen) CHECK(count == Approx(1000).margin(150));
}

TEST_CASE("The order of an epoch is a permutation, another one in each epoch") {
  const auto order = shuffled_order(1000, 1, 0);
  auto sorted = order;
  std::sort(sorted.begin(), sorted.end());
  std::vector<std::uint32_t> expected(1000);
  std::iota(expected.begin(), expected.end(), 0U);
  CHECK(sorted == expected);
  CHECK(order != expected);
  CHECK(order == shuffled_order(1000, 1, 0));
  CHECK(order != shuffled_order(1000, 1, 1));
  CHECK(order != shuffled_order(1000, 2, 0));
  CHECK(shuffled_order(0, 1, 0).empty());
}

TEST_CASE("The order of an epoch is the Python reference's") {
  const auto expected = support::reference("order").at(0);
  const auto numbers = expected.at("numbers").get<std::vector<std::uint32_t>>();
  CHECK(shuffled_order(numbers.size(), expected.at("seed"), expected.at("epoch")) == numbers);
}

TEST_CASE("Shares of a batch follow each other without gap") {
  for (const int world : {1, 2, 3, 6}) {
    std::size_t at = 24;
    for (int rank = 0; rank < world; ++rank) {
      const Range share = share_of_batch(24, 12, rank, world, world);
      CHECK(share.begin == at);
      CHECK(share.size() == 12U / static_cast<unsigned>(world));
      at = share.end;
    }
    CHECK(at == 36);
  }
}
