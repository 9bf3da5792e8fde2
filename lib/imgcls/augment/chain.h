#pragma once
// Chains of operations: "augment.operations" in configurations, a list of objects that each name
// one and hold its options beside the name. Those of torchvision have its names and draw what its
// classes draw, in their order. A new one is a class that derives from Policy and a line in
// chain.cpp.

#include <imgcls/augment/policies.h>
#include <imgcls/augment/policy.h>
#include <imgcls/augment/transform.h>
#include <imgcls/core/registry.h>

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <vector>

namespace imgcls::data {

/// The operations by name. A program adds its own with `chain_operations().add({...})` before it
/// reads configurations or makes loaders.
Registry<PolicyEntry>& chain_operations();

/// Does one operation after the other.
class Chain final : public Policy {
 public:
  Chain() = default;
  /// Throws ConfigError for a name that is unknown and for options that no operation can have.
  explicit Chain(const std::vector<ChosenOperation>& operations);

  /// Adds one that is done with probability `p`; null: none.
  void add(std::unique_ptr<const Policy> operation, double p = 1);

  /// For each operation whose probability is below 1 a number, and it is done where that is below
  /// the probability; then what the operation draws.
  std::vector<PixelStep> draw(Size size, Random& random) const override;

 private:
  struct Link {
    std::unique_ptr<const Policy> operation;
    double p;
  };
  std::vector<Link> links_;
};

/// The schema of such a list in a configuration.
nlohmann::json operations_schema();
/// From and to a configuration's list, which a schema has checked and completed. Throws
/// OptionError with the place in the list: "[1].radius".
std::vector<ChosenOperation> read_operations(const nlohmann::json& list);
/// The list that read_operations would make these from.
nlohmann::json write_operations(const std::vector<ChosenOperation>& operations);

}  // namespace imgcls::data
