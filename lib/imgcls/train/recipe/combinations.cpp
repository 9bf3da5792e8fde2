#include <imgcls/core/error.h>
#include <imgcls/optim/optimizers.h>
#include <imgcls/train/recipe/combinations.h>

#include <fmt/format.h>

namespace imgcls::train {

void require_fitting(const RunOptions& options) {
  optim::require_valid(options.optimizer);
  const std::string& optimizer = options.optimizer.name;
  if (!optim::optimizers().at(optimizer).averages) return;
  if (options.schedule.name != "constant") {
    throw ConfigError(fmt::format(
        "optimizer.name={} goes with schedule.name=constant alone, with or without a warm-up, not "
        "with schedule.name={}",
        optimizer, options.schedule.name));
  }
  if (options.average.name != "none") {
    throw ConfigError(fmt::format(
        "optimizer.name={} averages the weights itself: average.name must be none, not {}",
        optimizer, options.average.name));
  }
}

}  // namespace imgcls::train
