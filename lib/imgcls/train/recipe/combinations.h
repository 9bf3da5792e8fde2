#pragma once
// Which ingredients of a recipe do not go together.

#include <imgcls/data/source.h>
#include <imgcls/train/options.h>

#include <string_view>

namespace imgcls::train {

/// Throws ConfigError naming two options that contradict each other.
void require_fitting(const RunOptions& options);

/// The same where the images of `source`, the `what` data, have any number of classes each and
/// `data.multi_label` does not say so, or the other way round.
void require_labels_as_told(const RunOptions& options, const data::Source& source,
                            std::string_view what);

/// The same where shards of a batch would not be of equal size.
void require_equal_shards(const RunOptions& options);

}  // namespace imgcls::train
