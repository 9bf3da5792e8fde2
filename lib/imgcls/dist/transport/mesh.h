#pragma once
// Connections between each two ranks of a job. Internal to dist/.

#include <imgcls/dist/transport/socket.h>

#include <string>
#include <vector>

namespace imgcls::dist {

/// For each rank a connection to it, but for `mine.rank` itself: this rank connects to those below
/// it, at `addresses` (Listener::address of all ranks, in their order), and accepts those above.
/// Collective. Throws DistError at the deadline, naming a rank that is missing.
std::vector<Socket> connect_to_all(const Socket& listener,
                                   const std::vector<std::string>& addresses, const Greeting& mine,
                                   Deadline deadline);

}  // namespace imgcls::dist
