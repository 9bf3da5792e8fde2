#pragma once
// Sharpness-aware minimization (Foret et al., arXiv:2010.01412) around any optimizer: a step's
// gradients are taken where the loss is highest nearby. Adaptive: ASAM (Kwon et al.,
// arXiv:2102.11600), where "nearby" is measured against the size of each weight.
//
// Each rank climbs by the gradient of its own images, which is not averaged, as the paper has it.
// The second pass leaves batch norm's running statistics alone, as the usual programs do.

#include <imgcls/core/option_fields.h>
#include <imgcls/models/model.h>
#include <imgcls/train/recipe/ingredient.h>

#include <memory>

namespace imgcls::train {

/// The section `sam`.
struct SamOptions {
  /// How far to climb: L2 norm of the change of the weights; 0: not at all. Papers take 0.05 for
  /// SAM, and 0.5 to 2 for ASAM.
  double rho = 0;
  bool adaptive = false;  ///< measure the change against the size of each weight: ASAM
};

/// The ingredient; null where rho is 0. The model is on its device by then.
std::unique_ptr<Ingredient> make_sam(const SamOptions& options, const models::Model& model);

const OptionFields<SamOptions>& sam_fields();  ///< keys of the section `sam`

}  // namespace imgcls::train
