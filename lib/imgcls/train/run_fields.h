#pragma once
// How configurations call the options of a run: a table for each section, or for the part of it
// that becomes RunOptions.

#include <imgcls/core/option_fields.h>
#include <imgcls/train/options.h>

namespace imgcls::train {

const OptionFields<DataOptions>& data_fields();
const OptionFields<EvalRunOptions>& eval_fields();
const OptionFields<RunOptions>& train_fields();
const OptionFields<ScheduleRunOptions>& schedule_fields();
const OptionFields<CheckpointOptions>& checkpoint_fields();
const OptionFields<RunOptions>& log_fields();
const OptionFields<RunOptions>& profile_fields();
const OptionFields<RunOptions>& dist_fields();

}  // namespace imgcls::train
