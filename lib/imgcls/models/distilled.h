#pragma once
// Networks that keep what they learn from a teacher apart from what they learn from labels: DeiT's
// distillation token (Touvron et al., arXiv:2012.12877).

#include <imgcls/models/model.h>

#include <optional>

namespace imgcls::models {

/// Logits of the last batch in training, N x classes, whose mean are the network's own.
struct DistilledLogits {
  at::Tensor by_labels;   ///< for the labels' loss (DeiT: of the class token)
  at::Tensor by_teacher;  ///< for the teacher's (DeiT: of the distillation token)
};

/// What such a network derives from besides torch::nn::Module: one of the zoo, or your own.
class Distilled {
 public:
  virtual ~Distilled() = default;
  /// Of the last `forward` in training.
  virtual DistilledLogits distilled_logits() const = 0;
};

/// The same of a model, to be asked for after `forward`; nothing unless it is such a network and in
/// training.
std::optional<DistilledLogits> distilled_logits(const Model& model);

}  // namespace imgcls::models
