#pragma once
// The configuration of a run that was made in C++, without one.

#include <imgcls/data/source.h>
#include <imgcls/models/model.h>
#include <imgcls/train/options.h>

#include <string>

namespace imgcls::train {

/// A complete configuration (JSON text) from which `run_options` makes these options, and the
/// programs the model and the data: `imgcls eval`, `imgcls report` and predict::Classifier read it
/// from the run's folder. Model and sources say what they are, whatever `options` ask for. Where
/// the model was not made by models::create, its options are the defaults; where the sources do not
/// say where they lie (data::Source::origin), or were copied to data.stage_dir, `options.data`
/// does, and where that has no root, data.root is a note that says so.
std::string own_config(const RunOptions& options, const models::Model& model,
                       const data::Source& train, const data::Source& val);

}  // namespace imgcls::train
