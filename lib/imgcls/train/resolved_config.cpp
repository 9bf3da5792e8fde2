#include <imgcls/train/precision.h>
#include <imgcls/train/resolved_config.h>

#include <nlohmann/json.hpp>

namespace imgcls::train {

std::string resolved_config(const std::string& config, const RunOptions& options,
                            const std::string& device) {
  nlohmann::json values = nlohmann::json::parse(config);
  const auto set = [&](const char* key, const nlohmann::json& value) {
    const nlohmann::json::json_pointer pointer(key);
    if (values.contains(pointer)) values[pointer] = value;
  };
  set("/train/deterministic", is_deterministic(options, device));
  set("/train/precision", name(resolve(options.precision, device)));
  return values.dump(2);
}

}  // namespace imgcls::train
