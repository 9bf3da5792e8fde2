#include <imgcls/dist/transport/mesh.h>

#include <cstddef>
#include <future>
#include <set>
#include <utility>

namespace imgcls::dist {

// Connects and accepts at once: each connection waits for the other rank's welcome.
std::vector<Socket> connect_to_all(const Socket& listener,
                                   const std::vector<std::string>& addresses, const Greeting& mine,
                                   Deadline deadline) {
  std::vector<Socket> sockets(addresses.size());
  auto connecting = std::async(std::launch::async, [&] {
    for (int to = 0; to < mine.rank; ++to) {
      const auto index = static_cast<std::size_t>(to);
      sockets[index] = connect_to_rank(to, addresses[index], mine, deadline).socket;
    }
  });
  std::set<int> above;
  for (int rank = mine.rank + 1; std::cmp_less(rank, addresses.size()); ++rank) above.insert(rank);
  for (auto& [from, socket] : accept_ranks(listener, above, mine, deadline)) {
    sockets[static_cast<std::size_t>(from)] = std::move(socket);
  }
  connecting.get();
  return sockets;
}

}  // namespace imgcls::dist
