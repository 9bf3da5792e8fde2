#include <imgcls/dist/agree.h>

#include <fmt/format.h>

namespace imgcls::dist {

void agree(World& world, const std::function<void()>& work) {
  std::string message;
  try {
    work();
  } catch (const std::exception& e) {
    message = e.what();
    if (message.empty()) message = "unknown error";
  }
  const std::vector<std::string> messages = world.gather(message);
  for (std::size_t rank = 0; rank < messages.size(); ++rank) {
    if (messages[rank].empty()) continue;
    throw AgreedError(rank == 0 ? messages[rank]
                                : fmt::format("rank {}: {}", rank, messages[rank]));
  }
}

}  // namespace imgcls::dist
