#pragma once
// The teacher that a configuration's section `distillation` names.

#include <imgcls/models/model.h>
#include <imgcls/train/options.h>

#include <optional>
#include <span>
#include <string>
#include <vector>

namespace imgcls::train {

/// A model to learn from.
struct Teacher {
  models::Model model;                  ///< with its weights, on the CPU
  std::vector<std::string> notes = {};  ///< lines for the log, the file of weights among them
};

/// The teacher of `options.distillation`, for a run with these training classes; nothing where it
/// names none. It draws from PyTorch's generator: make the model that is trained before. Throws
/// ConfigError where it is of other classes, or a run's of another normalization, and what reading
/// a run's files and weights throws.
std::optional<Teacher> make_teacher(const RunOptions& options,
                                    std::span<const std::string> classes);

}  // namespace imgcls::train
