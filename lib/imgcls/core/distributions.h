#pragma once
// Numbers of distributions that are not uniform, made from uniform ones.

#include <imgcls/core/philox.h>

#include <cstddef>
#include <vector>

namespace imgcls {

/// A normal number (Box and Muller's).
double normal(Random& random);
/// Beta(a, b), for a, b > 0, from two gamma numbers by Marsaglia and Tsang's method.
double beta(Random& random, double a, double b);
/// `count` shares of 1, distributed as a symmetric Dirichlet distribution of `alpha` > 0: gamma
/// numbers, one behind the other, each over their sum.
std::vector<double> dirichlet(Random& random, double alpha, std::size_t count);

}  // namespace imgcls
