#pragma once
// How configurations call the options of optimizers: the section "optimizer".

#include <imgcls/core/option_fields.h>
#include <imgcls/optim/optimizer.h>

namespace imgcls::optim {

/// Those that all optimizers share; OptimizerOptions::own has tables of its own (optimizers.h).
const OptionFields<OptimizerOptions>& optimizer_fields();

}  // namespace imgcls::optim
