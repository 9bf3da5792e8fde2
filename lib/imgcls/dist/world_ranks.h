#pragma once
// A world of several ranks, over whatever a launcher brought. Internal to dist/.

#include <imgcls/dist/launch/job.h>
#include <imgcls/dist/world.h>

#include <memory>

namespace imgcls::dist {

/// Collective: all ranks of the job call it. Throws DistError when ranks cannot have the device
/// asked for, or do not reach each other.
std::unique_ptr<World> make_ranks_world(std::unique_ptr<Job> job, const LaunchOptions& options);

}  // namespace imgcls::dist
