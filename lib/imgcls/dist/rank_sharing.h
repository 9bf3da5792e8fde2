#pragma once
// The ranks of a job as an optimizer shares work out among them.

#include <imgcls/dist/world.h>
#include <imgcls/optim/work_sharing.h>

#include <memory>

namespace imgcls::dist {

/// All ranks of `world`, which must outlive it; what they made travels as one broadcast from each.
/// Null in a world of one.
std::shared_ptr<optim::WorkSharing> share_among_ranks(World& world);

}  // namespace imgcls::dist
