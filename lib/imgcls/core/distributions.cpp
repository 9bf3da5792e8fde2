#include <imgcls/core/distributions.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

namespace imgcls {
namespace {

/// The logarithm of a gamma number: for small shapes the number itself is often below what a double
/// can hold.
double log_gamma_number(Random& random, double shape) {
  if (shape < 1) {
    const double u = 1 - random.uniform();  // in (0, 1]
    return log_gamma_number(random, shape + 1) + std::log(u) / shape;
  }
  const double d = shape - 1.0 / 3, c = 1 / std::sqrt(9 * d);
  while (true) {
    const double x = normal(random), v = std::pow(1 + c * x, 3);
    if (v <= 0) continue;
    const double u = 1 - random.uniform();
    if (std::log(u) < x * x / 2 + d - d * v + d * std::log(v)) return std::log(d * v);
  }
}

}  // namespace

double normal(Random& random) {
  const double radius = std::sqrt(-2 * std::log(1 - random.uniform()));
  return radius * std::cos(2 * std::numbers::pi * random.uniform());
}

double beta(Random& random, double a, double b) {
  const double log_x = log_gamma_number(random, a), log_y = log_gamma_number(random, b);
  return 1 / (1 + std::exp(log_y - log_x));
}

std::vector<double> dirichlet(Random& random, double alpha, std::size_t count) {
  std::vector<double> shares(count);
  for (double& share : shares) share = log_gamma_number(random, alpha);
  if (shares.empty()) return shares;
  const double most = *std::ranges::max_element(shares);
  for (double& share : shares) share = std::exp(share - most);
  const double sum = std::accumulate(shares.begin(), shares.end(), 0.0);
  for (double& share : shares) share /= sum;
  return shares;
}

}  // namespace imgcls
