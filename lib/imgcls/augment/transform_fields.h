#pragma once
// How configurations call the options of transforms: the sections "augment" and, in part, "eval".

#include <imgcls/augment/transform.h>
#include <imgcls/core/option_fields.h>

namespace imgcls::data {

const OptionFields<AugmentOptions>& augment_fields();
const OptionFields<EvalOptions>& eval_transform_fields();

}  // namespace imgcls::data
