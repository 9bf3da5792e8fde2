#pragma once
// All that is decided for one image of training, from its own random numbers: what a loader does,
// and what `imgcls data show` tells of it.

#include <imgcls/augment/policy.h>
#include <imgcls/augment/transform.h>

#include <cstdint>

namespace imgcls::data {

/// What the random numbers of an image are drawn by.
struct ImageDraw {
  std::uint64_t seed = 0;    ///< of the run
  std::uint32_t epoch = 0;   ///< counted from 0
  std::uint64_t sample = 0;  ///< below 2^32
  std::uint32_t turn = 0;    ///< how often the epoch had the sample before (data/sampling.h)

  /// The image's own for that purpose.
  Random random(RandomStream stream) const {
    return {seed, epoch, sample | std::uint64_t{turn} << 32, stream};
  }
};

/// plan_augment's plan, and the steps of `policy`, which is that of `options` (make_policy); null
/// where there is none. Of several views the second has the steps that a single one would have, and
/// each one after it draws behind the one before.
Plan plan_training(Size size, const AugmentOptions& options, const Policy* policy,
                   const ImageDraw& draw);

}  // namespace imgcls::data
