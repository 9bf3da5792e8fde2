#pragma once
// Where ranks agree on going on: once before each step, when the data for it has come.

#include <imgcls/data/loader.h>
#include <imgcls/dist/world.h>

#include <functional>

namespace imgcls::train {

/// What ranks agreed on.
struct Delivery {
  const data::Batch* batch = nullptr;  ///< this rank's; null at its end of the epoch
  int stopped_by = 0;                  ///< the largest answer of `asked`; then there is no batch
};

/// Waits until all ranks have their next batch, or until a rank wants to stop. `asked` says whether
/// this rank does: 0 for no, else why (a signal's number). A collective: one exchange among the
/// ranks, and one more for each 100 ms that some rank waits; so no rank is ever silent because of a
/// slow disk, and a signal to one rank stops all while they wait. A rank whose data cannot be read
/// makes all throw dist::AgreedError, before the step: their replicas are whole.
Delivery wait_for_data(data::Loader& loader, dist::World& world, const std::function<int()>& asked);

}  // namespace imgcls::train
