#include <imgcls/optim/work_sharing.h>

#include <algorithm>
#include <cstddef>
#include <numeric>

namespace imgcls::optim {

std::vector<int> share_out(std::span<const double> costs, int ranks) {
  std::vector<std::size_t> order(costs.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order,
                           [&](std::size_t a, std::size_t b) { return costs[a] > costs[b]; });
  std::vector<double> loads(static_cast<std::size_t>(ranks));
  std::vector<int> owners(costs.size());
  for (const std::size_t piece : order) {
    const auto least = std::ranges::min_element(loads);
    *least += costs[piece];
    owners[piece] = static_cast<int>(least - loads.begin());
  }
  return owners;
}

std::vector<int> owners_of(std::span<const double> costs, const WorkSharing* sharing) {
  return sharing == nullptr ? std::vector<int>(costs.size()) : share_out(costs, sharing->size());
}

}  // namespace imgcls::optim
