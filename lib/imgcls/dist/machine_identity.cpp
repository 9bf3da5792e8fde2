#include <fmt/format.h>
#include <imgcls/dist/machine_identity.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>

namespace imgcls::dist {

std::string machine_identity() {
  std::array<char, 256> name{};
  ::gethostname(name.data(), name.size() - 1);
  std::string boot;
  std::ifstream("/proc/sys/kernel/random/boot_id") >> boot;
  std::error_code ignored;
  const auto network = std::filesystem::read_symlink("/proc/self/ns/net", ignored);
  return fmt::format("{} {} {}", name.data(), boot, network.string());
}

}  // namespace imgcls::dist
