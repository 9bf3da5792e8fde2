#pragma once
// What optimizers of matrices share: which parameters are theirs, and AdamW for the others.
// Internal to imgcls::optim.

#include <imgcls/optim/optimizer.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace imgcls::optim {

/// Parameters in whose name one of these regular expressions is found are AdamW's, though they may
/// be matrices: heads, embeddings, tables.
inline const std::vector<std::string> kNoMatrices = {"^fc\\.",       "^heads?\\.", "^classifier\\.",
                                                     "^linear\\.",   "embed",      "class_token",
                                                     "position_bias"};

/// Matrices, which are of out x in or convolutions of out x (in * height * width) with sides of at
/// least 4 of which neither is 128 times the other, as timm's Muon takes them, are updated by one
/// optimizer, and the rest by AdamW.
class MatricesAndRest : public Optimizer {
 public:
  void step(double lr, const at::Tensor& grad_scale, const at::Tensor& found_inf) final;
  /// Of both.
  std::vector<models::NamedTensor> state() const final;
  void scale_weight_decay(double factor) final;
  void share_work(std::shared_ptr<WorkSharing> sharing) final;

 protected:
  /// Makes the optimizer of the matrices.
  using Make = std::function<std::unique_ptr<Optimizer>(std::vector<ParameterGroup>)>;

  /// `adamw`: regular expressions of what is AdamW's in any case, which a configuration calls
  /// `key`.
  MatricesAndRest(std::vector<ParameterGroup> groups, const OptimizerOptions& options,
                  const std::vector<std::string>& adamw, std::string_view key, const Make& make);

 private:
  std::unique_ptr<Optimizer> matrices_, rest_;
};

}  // namespace imgcls::optim
