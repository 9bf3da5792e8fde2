#pragma once
// Which ingredients of a recipe do not go together.

#include <imgcls/train/options.h>

namespace imgcls::train {

/// Throws ConfigError naming two options that contradict each other.
void require_fitting(const RunOptions& options);

/// The same where shards of a batch would not be of equal size.
void require_equal_shards(const RunOptions& options);

}  // namespace imgcls::train
