#pragma once
// Which ingredients of a recipe do not go together.

#include <imgcls/train/options.h>

namespace imgcls::train {

/// Throws ConfigError naming two options that contradict each other.
void require_fitting(const RunOptions& options);

}  // namespace imgcls::train
