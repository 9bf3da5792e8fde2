#pragma once
// Limits of the gradients, chosen by name ("clip.name").

#include <imgcls/core/registry.h>
#include <imgcls/train/recipe/ingredient.h>

#include <any>
#include <functional>
#include <memory>
#include <string>

namespace imgcls::train {

/// The section `clip`.
struct ClipOptions {
  /// "none", or one of clips().
  std::string name = "none";
  /// Options that the named limit has alone, its own struct; empty: defaults.
  std::any own = {};
};

/// torch.nn.utils.clip_grad_norm_: all gradients together are scaled down to this L2 norm.
struct NormClipOptions {
  double most = 1;  ///< L2 norm, above 0
};

/// torch.nn.utils.clip_grad_value_: no value is beyond this.
struct ValueClipOptions {
  double most = 1;  ///< absolute value, above 0
};

/// Adaptive gradient clipping (Brock et al., arXiv:2102.06171), as timm has it: the norm of each
/// output's gradient is at most a share of the norm of its weights. The head is left out.
struct AdaptiveClipOptions {
  double share = 0.01;  ///< norm of an output's gradient by that of its weights, above 0
  /// Least norm that weights are taken to have.
  double eps = 1e-3;
};

/// Limits the gradients of the optimizer's parameters in place. `head` is the name that the
/// parameters of the layer that gives the logits begin with ("fc").
using Clip = std::function<void(optim::Optimizer& optimizer, const std::string& head)>;

/// A limit as the table has it.
struct ClipEntry {
  std::string name;     ///< what `clip.name` calls it
  std::string summary;  ///< a line for help and the schema
  /// Its options that no other has: "clip.<name>".
  OwnFields own = {};
  /// What limits, made from the options (`own` among them).
  std::function<Clip(const ClipOptions&)> make = {};
};

/// All that there are; a program adds its own with `clips().add({...})`.
Registry<ClipEntry>& clips();

/// The ingredient; null where nothing is limited. Throws ConfigError for an unknown name.
std::unique_ptr<Ingredient> make_clipper(const ClipOptions& options, const std::string& head);

const OptionFields<ClipOptions>& clip_fields();  ///< keys of the section `clip`

}  // namespace imgcls::train
