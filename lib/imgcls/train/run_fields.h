#pragma once
// How configurations call the options of a run: a table for each section, or for the part of it
// that becomes RunOptions.

#include <imgcls/core/option_fields.h>
#include <imgcls/train/options.h>

namespace imgcls::train {

const OptionFields<DataOptions>& data_fields();     ///< keys of `data` that become DataOptions
const OptionFields<EvalRunOptions>& eval_fields();  ///< keys of `eval`
const OptionFields<RunOptions>& train_fields();     ///< keys of `train`
/// Keys of `schedule`, but for those that one schedule has alone.
const OptionFields<ScheduleRunOptions>& schedule_fields();
const OptionFields<CheckpointOptions>& checkpoint_fields();  ///< keys of `checkpoint`
const OptionFields<RunOptions>& log_fields();                ///< keys of `log`
const OptionFields<RunOptions>& profile_fields();            ///< `profile.steps`
/// `dist.compress`; what else is of `dist` is dist::LaunchOptions'.
const OptionFields<RunOptions>& dist_fields();

}  // namespace imgcls::train
