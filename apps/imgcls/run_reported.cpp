#include "commands.h"

#include <imgcls/core/error.h>
#include <imgcls/core/log.h>
#include <imgcls/train/program.h>

namespace imgcls::cli {

int run_reported(const std::function<int()>& work) {
  try {
    return work();
  } catch (const ConfigError& e) {
    Log().error(e.what());
    return train::kUsage;
  } catch (const Error& e) {
    Log().error(e.what());
    return train::kFailure;
  }
}

}  // namespace imgcls::cli
