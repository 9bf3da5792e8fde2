#pragma once
// How configurations call the options of transforms: the sections "augment" and, in part, "eval".

#include <imgcls/core/option_fields.h>
#include <imgcls/data/transform.h>

namespace imgcls::data {

const OptionFields<AugmentOptions>& augment_fields();
const OptionFields<EvalOptions>& eval_transform_fields();

}  // namespace imgcls::data
