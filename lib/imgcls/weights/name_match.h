#pragma once
// Which of a model's tensors those of a file are, when wrappers' parts (wrappers.h) may stand in
// the file's names.

#include <imgcls/weights/listing.h>

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace imgcls::weights {

/// What match_names has found.
struct NameMatch {
  /// For each tensor of the file the model's name that it is; empty: none.
  std::vector<std::string> names;
  /// For each, whether it is none since it stands beside the model: without the prefix that all of
  /// the model's have ("criterion.weight" where there are "model.conv1.weight" ...), or a counter.
  std::vector<bool> beside;
};

/// A tensor is the model's whose name is left when the fewest wrappers' parts are taken off: of its
/// own name none, whatever its modules are called. Where that does not find all that `is_required`
/// says, a prefix before the whole model is looked for, of any name ("backbone."). Throws
/// WeightsError, whose message begins with `source`, where two tensors are the same of the model's,
/// and where it stands under several prefixes.
NameMatch match_names(std::span<const StoredTensor> tensors, std::span<const std::string> model,
                      const std::function<bool(std::string_view)>& is_required,
                      std::string_view source);

}  // namespace imgcls::weights
