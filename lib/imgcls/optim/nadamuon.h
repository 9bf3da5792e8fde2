#pragma once
// NAdaMuon: AdaMuon (Si et al., "AdaMuon: adaptive Muon optimizer", arXiv:2507.11005) with Nesterov
// momentum, in the form of timm's Muon with algo="adamuon" and nesterov=True. Muon's orthogonal
// update is divided, value by value, by the root of an average of its square, and then scaled to
// the length that AdamW's rates fit. Parameters that are no matrices are AdamW's, as Muon's are; in
// timm's `nadamuon` they are NAdamW's.

#include <imgcls/core/option_fields.h>
#include <imgcls/optim/matrices_and_rest.h>

#include <string>
#include <vector>

namespace imgcls::optim {

/// The options in `optimizer.nadamuon`.
struct NAdaMuonOptions {
  /// Decay of the gradient's average, and of that of the orthogonal update's square.
  double momentum = 0.95, beta2 = 0.95;
  /// Added to denominators.
  double eps = 1e-7;
  /// Newton-Schulz iterations.
  int iterations = 5;
  /// Regular expressions: parameters in whose name one is found are AdamW's.
  std::vector<std::string> adamw = kNoMatrices;
};

const OptionFields<NAdaMuonOptions>& nadamuon_fields();  ///< keys of `optimizer.nadamuon`

/// Momentum made orthogonal, each value with a rate of its own.
class NAdaMuon final : public MatricesAndRest {
 public:
  /// Throws ConfigError for a broken expression, and options.own of another optimizer.
  NAdaMuon(std::vector<ParameterGroup> groups, const OptimizerOptions& options);
};

}  // namespace imgcls::optim
