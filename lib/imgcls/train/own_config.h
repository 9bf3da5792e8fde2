#pragma once
// The configuration of a run that was made in C++, without one.

#include <imgcls/data/source.h>
#include <imgcls/models/model.h>
#include <imgcls/train/options.h>

#include <string>

namespace imgcls::train {

/// A complete configuration (JSON text) from which `run_options` makes these options, and the
/// programs the model and the data: `imgcls eval`, `imgcls report` and predict::Classifier read it
/// from the run's folder. Where the model was not made by models::create, its options are the
/// defaults; where a source does not say where it lies (data::Source::origin), data.root is a note
/// that says so.
std::string own_config(const RunOptions& options, const models::Model& model,
                       const data::Source& train, const data::Source& val);

}  // namespace imgcls::train
