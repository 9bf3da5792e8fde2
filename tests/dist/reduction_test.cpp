// The tree in which ranks' numbers are put together.
#include <imgcls/dist/transport/reduction.h>
#include <catch2/catch.hpp>

#include <cmath>
#include <numeric>
#include <vector>

namespace imgcls::dist {
namespace {

using Parts = std::vector<std::vector<double>>;

/// Reduces into the part of `own`, as a rank does.
std::vector<double> reduce(Parts parts, std::size_t own, Reduction reduction) {
  std::vector<void*> data;
  for (auto& part : parts) data.push_back(part.data());
  reduce_in_tree(data, {data[own], std::ssize(parts[own]), c10::ScalarType::Double}, reduction);
  return parts[own];
}

/// Numbers whose sums depend on the order of adding.
Parts numbers(std::size_t ranks) {
  Parts parts(ranks);
  for (std::size_t rank = 0; rank < ranks; ++rank) {
    for (int i = 0; i < 1000; ++i) {
      parts[rank].push_back(std::sin(1.7 * i + 11.3 * static_cast<double>(rank)));
    }
  }
  return parts;
}

using Sum = double (*)(const double*);

/// The tree for 2 to 8 parts, written out.
const std::vector<Sum> kSums{
    [](const double* x) { return x[0] + x[1]; },
    [](const double* x) { return (x[0] + x[1]) + x[2]; },
    [](const double* x) { return (x[0] + x[1]) + (x[2] + x[3]); },
    [](const double* x) { return ((x[0] + x[1]) + (x[2] + x[3])) + x[4]; },
    [](const double* x) { return ((x[0] + x[1]) + (x[2] + x[3])) + (x[4] + x[5]); },
    [](const double* x) { return ((x[0] + x[1]) + (x[2] + x[3])) + ((x[4] + x[5]) + x[6]); },
    [](const double* x) {
      return ((x[0] + x[1]) + (x[2] + x[3])) + ((x[4] + x[5]) + (x[6] + x[7]));
    },
};

}  // namespace

TEST_CASE("parts are added in a tree whose left side is the largest power of two") {
  for (std::size_t ranks = 2; ranks <= 8; ++ranks) {
    const Parts parts = numbers(ranks);
    std::vector<double> expected, one_by_one;
    for (std::size_t i = 0; i < parts.front().size(); ++i) {
      std::vector<double> column;
      for (const auto& part : parts) column.push_back(part[i]);
      expected.push_back(kSums[ranks - 2](column.data()));
      one_by_one.push_back(std::accumulate(column.begin(), column.end(), 0.0));
    }
    CHECK((expected == one_by_one) == (ranks <= 3));
    for (std::size_t own = 0; own < ranks; ++own) {
      CHECK(reduce(parts, own, Reduction::sum) == expected);
    }
  }
}

TEST_CASE("all reductions, of all numbers, into any of the parts") {
  const Parts parts{{1, -2, 3}, {4, 5, -6}, {-7, 8, 9}};
  for (std::size_t own = 0; own < parts.size(); ++own) {
    CHECK(reduce(parts, own, Reduction::sum) == std::vector<double>{-2, 11, 6});
    CHECK(reduce(parts, own, Reduction::product) == std::vector<double>{-28, -80, -162});
    CHECK(reduce(parts, own, Reduction::min) == std::vector<double>{-7, -2, -6});
    CHECK(reduce(parts, own, Reduction::max) == std::vector<double>{4, 8, 9});
  }
}

}  // namespace imgcls::dist
