// Any text as a configuration: ConfigError, or one whose own text gives the same again.
#include <imgcls/core/config.h>
#include <imgcls/core/error.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>

using namespace imgcls;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::optional<Config> config;
  try {
    config = Config::parse({reinterpret_cast<const char*>(data), size});
  } catch (const ConfigError&) {
    return 0;
  }
  if (Config::parse(config->text()).json() != config->json()) std::abort();
  return 0;
}
