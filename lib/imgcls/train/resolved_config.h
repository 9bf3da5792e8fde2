#pragma once
// A configuration with what "auto" means on a device. Internal to train/session.cpp.

#include <imgcls/train/options.h>

#include <string>

namespace imgcls::train {

/// `config` (JSON text) with what "auto" means on `device`, since on another one it means another
/// thing.
std::string resolved_config(const std::string& config, const RunOptions& options,
                            const std::string& device);

}  // namespace imgcls::train
