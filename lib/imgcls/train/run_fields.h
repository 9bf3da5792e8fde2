#pragma once
// How configurations call the options of a run: a table for each section, or for a part of one.
// Those of `data` and `model` stand beside their structs (train/data_options.h,
// train/model_options.h), as those of a recipe's ingredients do.

#include <imgcls/core/option_fields.h>
#include <imgcls/dist/world.h>
#include <imgcls/train/options.h>

#include <string>

namespace imgcls::train {

const OptionFields<EvalRunOptions>& eval_fields();  ///< keys of `eval`
const OptionFields<RunOptions>& train_fields();     ///< keys of `train`
/// Keys of `schedule`, but for those that one schedule has alone.
const OptionFields<ScheduleRunOptions>& schedule_fields();
const OptionFields<CheckpointOptions>& checkpoint_fields();  ///< keys of `checkpoint`
const OptionFields<RunOptions>& log_fields();                ///< keys of `log`
const OptionFields<RunOptions>& profile_fields();            ///< `profile.steps`

/// The section `run`: RunOptions::folder, unless it is empty.
struct RunFolderOptions {
  std::string dir = {};  ///< empty: runs/MODEL-DATA
};
const OptionFields<RunFolderOptions>& run_folder_fields();  ///< `run.dir`

/// Keys of `dist` that are known before there is a run: how a process joins its job.
const OptionFields<dist::LaunchOptions>& launch_fields();
/// The others: `dist.compress`.
const OptionFields<RunOptions>& dist_fields();

}  // namespace imgcls::train
