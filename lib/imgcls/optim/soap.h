#pragma once
// SOAP (Vyas et al., "SOAP: improving and stabilizing Shampoo using Adam", arXiv:2409.11321): Adam
// in the eigenbases of Shampoo's covariances. The numbers are pytorch_optimizer's SOAP's, which are
// the authors'. The first step gathers covariances and changes no parameter. Ranks share out the
// finding of the bases.

#include <imgcls/core/option_fields.h>
#include <imgcls/optim/eigenbases.h>
#include <imgcls/optim/foreach_optimizer.h>

#include <array>
#include <vector>

namespace imgcls::optim {

/// The options in `optimizer.soap`.
struct SoapOptions {
  /// What decays the averages of the gradient and of its square; the latter that of the covariances
  /// as well.
  std::array<double, 2> betas{0.95, 0.95};
  double eps = 1e-8;   ///< added to the denominator
  int frequency = 10;  ///< steps from one renewal of the bases to the next
  /// Longer sides of a parameter keep their own basis: n x n values are held twice for a side of n.
  int max_side = 10000;
};

const OptionFields<SoapOptions>& soap_fields();  ///< keys of `optimizer.soap`

/// Adam in the eigenbases of the gradients' covariances along each side of a parameter. Vectors
/// are Adam's as they are; of a convolution out, in, height and width are sides of their own.
class Soap final : public ForeachOptimizer {
 public:
  /// Throws ConfigError where options.own is another optimizer's.
  Soap(std::vector<ParameterGroup> groups, const OptimizerOptions& options);

 private:
  void update(Update& group) override;
  bool wants_whole_groups() const override { return true; }
  std::vector<models::NamedTensor> own_state() const override;

  /// Those of a step's parameters.
  std::vector<Eigenbases*> bases_of(const Update& group);
  /// Makes bases for parameters that get their first gradient.
  void begin_bases(const Update& group, std::span<Eigenbases* const> bases);

  SoapOptions options_;
  std::vector<std::vector<Eigenbases>> bases_;  // of each group, of each parameter
};

}  // namespace imgcls::optim
