#pragma once
// How configurations call the options of transforms: the sections "augment" and, in part, "eval".

#include <imgcls/augment/transform.h>
#include <imgcls/core/option_fields.h>

namespace imgcls::data {

/// Those of every policy.
const OptionFields<AugmentOptions>& augment_fields();
/// From and to the section, the options of the named policy and operations among them. Throws
/// OptionError.
void read_augment(const nlohmann::json& section, AugmentOptions& options);
/// The section that read_augment would fill such options from.
nlohmann::json write_augment(const AugmentOptions& options);

/// Keys of the section `eval` that become EvalOptions.
const OptionFields<EvalOptions>& eval_transform_fields();

}  // namespace imgcls::data
