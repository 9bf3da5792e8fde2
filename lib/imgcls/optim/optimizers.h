#pragma once
// Optimizers by name: the table of those that configurations can choose ("optimizer.name").

#include <imgcls/core/registry.h>
#include <imgcls/optim/optimizer.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace imgcls::optim {

/// An optimizer that can be made by its name.
struct OptimizerEntry {
  std::string name;  ///< what `optimizer.name` calls it
  /// What it is, and where it is described.
  std::string summary;
  /// Its options that no other has: "optimizer.<name>" in configurations, OptimizerOptions::own
  /// in C++.
  OwnFields own = {};
  /// Whether it obeys OptimizerOptions::cautious; others are refused with it.
  bool cautious = false;
  /// Whether it obeys Optimizer::set_momentum; others are refused with schedules of momentum.
  bool sets_momentum = false;
  /// Whether it averages weights by itself (Optimizer::averages): averages and schedules do not go
  /// with it.
  bool averages = false;
  /// Makes it for groups that make_groups made, from options that name it. Throws ConfigError.
  std::function<std::unique_ptr<Optimizer>(std::vector<ParameterGroup>, const OptimizerOptions&)>
      make = {};
};

/// All that there are. A program adds its own with `optimizers().add({...})` before it reads
/// configurations or makes optimizers (examples/060-own-ingredients.cpp).
Registry<OptimizerEntry>& optimizers();

/// Throws ConfigError where the named optimizer cannot do what is asked of it.
void require_valid(const OptimizerOptions& options);

}  // namespace imgcls::optim
