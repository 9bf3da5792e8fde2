#pragma once
// A world of one: what a program started by hand trains in. Internal to dist/.

#include <imgcls/dist/world.h>

#include <memory>

namespace imgcls::dist {

/// Needs no MPI at run time. Throws DistError when `options.device` is cuda and there is no GPU.
std::unique_ptr<World> make_single_world(const LaunchOptions& options);

}  // namespace imgcls::dist
