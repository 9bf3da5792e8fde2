#pragma once
// How configurations call the options of optimizers: the section "optimizer".

#include <imgcls/core/option_fields.h>
#include <imgcls/optim/optimizer.h>

namespace imgcls::optim {

/// Those that all optimizers share.
const OptionFields<OptimizerOptions>& optimizer_fields();

/// From and to a section, the named optimizer's own options among them.
void read_optimizer(const nlohmann::json& section, OptimizerOptions& options);
nlohmann::json write_optimizer(const OptimizerOptions& options);

}  // namespace imgcls::optim
