#pragma once
// Learning from another model's logits ("distillation"), as DeiT's DistillationLoss has it
// (Touvron et al., arXiv:2012.12877; Hinton et al., arXiv:1503.02531). Networks with a distillation
// token have logits of their own for it (models/distilled.h); in others the logits that learn from
// the labels learn from the teacher, too.

#include <imgcls/core/option_fields.h>
#include <imgcls/models/model.h>
#include <imgcls/train/recipe/ingredient.h>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>

namespace imgcls::train {

struct RunOptions;

/// What is learnt from a teacher.
enum class DistillationKind {
  soft,  ///< its probabilities at a temperature
  hard,  ///< the class it finds likeliest
};

/// The section `distillation`.
struct DistillationOptions {
  /// Where a configuration's teacher comes from: a model of the zoo and a file of weights, or the
  /// folder of a run (teacher.h). All empty: no teacher, or a program's.
  std::string model = {}, weights = {}, run = {};
  DistillationKind kind = DistillationKind::soft;  ///< what is learnt of the teacher's logits
  /// By which the logits of both are divided, if soft.
  double temperature = 1;
  /// Share of the teacher in the loss; the rest is the labels'.
  double weight = 0.5;
  /// The teacher; unset: nothing is distilled. Not the model that is trained. A run moves it to its
  /// device, freezes it and puts it into evaluation mode.
  std::optional<models::Model> teacher = {};
};

/// What is added to the labels' loss, before its weight: a mean over the images, so that ranks and
/// micro-batches change nothing. `logits` and `teacher` are float N x K.
///   soft  T^2 KL(teacher / T, logits / T) / (N K): DeiT divides by all values, not by images
///   hard  cross-entropy with the teacher's likeliest class
at::Tensor distillation_loss(const at::Tensor& logits, const at::Tensor& teacher,
                             const DistillationOptions& options);

/// 32 hexadecimal digits of the teacher's parameters and buffers; empty without one.
std::string teacher_fingerprint(const DistillationOptions& options);

/// Puts the teacher on a device, lays it out as the model, freezes it and puts it into evaluation
/// mode. Throws ConfigError where it gives logits of other classes, or takes no images of a run's
/// sizes.
void prepare_teacher(const RunOptions& options, std::size_t classes, const std::string& device);

/// The ingredient, which asks the teacher about a step's images after they were mixed; null without
/// one.
std::unique_ptr<Ingredient> make_distiller(const RunOptions& options, const std::string& device);

/// Keys of the section `distillation`.
const OptionFields<DistillationOptions>& distillation_fields();

}  // namespace imgcls::train
