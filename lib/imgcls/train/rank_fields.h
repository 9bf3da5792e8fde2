#pragma once
// What has to be the same on all ranks of a run, as fields for dist::require_equal.

#include <imgcls/core/config.h>
#include <imgcls/data/source.h>
#include <imgcls/dist/agree.h>

#include <filesystem>
#include <string_view>
#include <vector>

namespace imgcls::train {

/// Every value of a configuration by its dotted path ("augment.area.0" is the first of a list), but
/// for what may differ between machines: `data.root`, `data.index` and `data.stage_dir`, because
/// data is compared by its fingerprint; `data.threads` and `data.prefetch`, because they change no
/// result; and `$schema`.
std::vector<dist::Field> config_fields(const Config& config);

/// The versions of imgcls and LibTorch, and the SHA-256 of the program's file.
std::vector<dist::Field> version_fields();

/// Number of images, number of classes and fingerprint of a source that messages call `what`:
/// "training", "evaluation".
std::vector<dist::Field> data_fields(std::string_view what, const data::Source& source);

/// The SHA-256 of a file of weights. Throws IoError.
std::vector<dist::Field> weights_fields(const std::filesystem::path& weights);

}  // namespace imgcls::train
