#pragma once
// Augmentation policies: which pixel operations an image gets, drawn from its own random numbers.

#include <imgcls/augment/pixel_ops.h>
#include <imgcls/core/philox.h>

#include <vector>

namespace imgcls::data {

/// A number from `low` to `high` in single precision, as torch's uniform_ and rand have it.
inline float single_uniform(Random& random, double low = 0, double high = 1) {
  return static_cast<float>(random.uniform(low, high));
}

/// Draws steps. One object serves all threads of a loader.
class Policy {
 public:
  Policy() = default;
  Policy(const Policy&) = delete;
  Policy& operator=(const Policy&) = delete;
  virtual ~Policy() = default;

  /// Decides for an image of `size`: what is done to it, in order. `random` is the sample's
  /// stream RandomStream::policy: at its begin for a policy, behind the numbers of what comes
  /// before for an operation of a chain.
  virtual std::vector<PixelStep> draw(Size size, Random& random) const = 0;
};

}  // namespace imgcls::data
