#pragma once
// Where ranks agree on going on: once before each step, when the data for it has come.

#include <imgcls/data/loader.h>
#include <imgcls/dist/world.h>

#include <functional>

namespace imgcls::train {

/// Waits until the loaders of all ranks have an answer (see data::Loader::wait), or until a rank
/// wants to stop. `asked` says whether this rank does: 0 for no, else why (a signal's number).
/// Returns the largest of the ranks' answers, the same on all. A collective: one exchange among the
/// ranks, and one more for each 100 ms that some rank waits; so no rank is ever silent because of a
/// slow disk, and a signal to one rank stops all while they wait.
int wait_for_data(data::Loader& loader, dist::World& world, const std::function<int()>& asked);

}  // namespace imgcls::train
