#pragma once
// The augmentation policies by name: "augment.policy" in configurations. A new one is a file that
// derives from Policy and a line in policies.cpp.

#include <imgcls/augment/policy.h>
#include <imgcls/augment/transform.h>
#include <imgcls/core/registry.h>

#include <any>
#include <functional>
#include <memory>
#include <string>
#include <utility>

namespace imgcls::data {

/// A policy as the table has it.
struct PolicyEntry {
  std::string name;  ///< what `augment.policy` calls it
  /// What it is, and where it is described.
  std::string summary;
  /// Its options: "augment.<name>" in configurations, AugmentOptions::policy_options in C++.
  OwnFields own = {};
  /// From its options, or an empty any for the defaults; null: nothing is ever drawn. Throws
  /// ConfigError for options that contradict each other.
  std::function<std::unique_ptr<const Policy>(const std::any& own)> make = {};
};

/// The entry of a class that is made from a struct of options.
template <class Kind, class Options>
PolicyEntry policy_entry(std::string name, std::string summary,
                         const OptionFields<Options>& fields) {
  return {.name = std::move(name),
          .summary = std::move(summary),
          .own = fields,
          .make = [](const std::any& own) {
            return std::make_unique<const Kind>(OwnFields::own_options<Options>(own));
          }};
}

/// All that there are. A program adds its own with `policies().add({...})` before it reads
/// configurations or makes loaders.
Registry<PolicyEntry>& policies();

/// The policy that `options` names, and then the operations that they name; null for none of
/// either. Throws ConfigError for an unknown name and for options that no policy can have.
std::unique_ptr<const Policy> make_policy(const AugmentOptions& options);

/// Throws OptionError for less than one view, and for several that would all be alike.
void require_different_views(const AugmentOptions& options);

}  // namespace imgcls::data
