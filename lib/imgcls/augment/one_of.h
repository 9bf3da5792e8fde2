#pragma once
// One of several operations, as a link of a chain.

#include <imgcls/augment/policy.h>
#include <imgcls/augment/transform.h>
#include <imgcls/core/option_fields.h>

#include <memory>
#include <vector>

namespace imgcls::data {

/// Which operations, and how often each.
struct OneOfOptions {
  /// What is drawn from, at least one. Each has its own probability of then being done.
  std::vector<ChosenOperation> operations = {};
  /// How often each is drawn, in any unit; empty: all the same.
  std::vector<double> weights = {};
};
const OptionFields<OneOfOptions>& one_of_fields();  ///< keys of the operation "one_of"

/// torchvision's RandomChoice.
class OneOf final : public Policy {
 public:
  /// Throws ConfigError for no operations, and for weights that are not one for each or add up to
  /// nothing.
  explicit OneOf(const OneOfOptions& options);

  /// Draws which one: without weights a number below their count, with weights one in [0, 1); then
  /// what a chain of that one draws.
  std::vector<PixelStep> draw(Size size, Random& random) const override;

 private:
  std::vector<std::unique_ptr<const Policy>> operations_;
  std::vector<double> ends_;  // sums of the weights up to each one's; empty without weights
};

}  // namespace imgcls::data
