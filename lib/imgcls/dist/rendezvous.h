#pragma once
// Where NCCL's ranks meet. Internal to dist/.

#include <c10/util/intrusive_ptr.h>
#include <imgcls/dist/world.h>

#include <chrono>

namespace c10d {
class Store;
}

namespace imgcls::dist {

/// A key-value store that rank 0 serves over TCP, on a free port whose address the ranks learn
/// through `world`. Collective. It authenticates nobody: on one machine it listens on the loopback
/// interface alone; over several it listens on all interfaces of rank 0's machine, which must be
/// reachable by name and lie in a network one trusts (as PyTorch's security page says of its own).
/// Throws DistError.
c10::intrusive_ptr<c10d::Store> make_store(World& world, std::chrono::milliseconds timeout);

}  // namespace imgcls::dist
