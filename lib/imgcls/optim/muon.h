#pragma once
// Muon (Jordan et al., "Muon: an optimizer for hidden layers in neural networks", 2024): the
// momentum of a matrix is replaced by the nearest orthogonal one, by Newton-Schulz iterations in
// bfloat16. Convolutions are matrices of out x (in * height * width), and each layer is taken in
// its own shape. The numbers are timm's Muon's. Biases, norms, depthwise filters, embeddings and
// the head are AdamW's. Ranks share the iterations out among them.

#include <imgcls/core/option_fields.h>
#include <imgcls/optim/matrices_and_rest.h>
#include <imgcls/optim/orthogonal.h>

#include <string>
#include <vector>

namespace imgcls::optim {

/// What an orthogonal update of out x in is multiplied by, besides the learning rate.
enum class MuonScale {
  rms_of_adamw,  ///< 0.2 sqrt(max(out, in)), so that AdamW's rates fit (arXiv:2502.16982)
  original,      ///< sqrt(max(1, out / in))
};

/// The options in `optimizer.muon`.
struct MuonOptions {
  double momentum = 0.95;  ///< of the gradient, before it is made orthogonal
  bool nesterov = true;    ///< Nesterov's form of it
  /// Newton-Schulz iterations.
  int iterations = 5;
  MuonScale scale = MuonScale::rms_of_adamw;  ///< how long an update is
  /// Regular expressions: parameters in whose name one is found are AdamW's.
  std::vector<std::string> adamw = kNoMatrices;
};

const OptionFields<MuonOptions>& muon_fields();  ///< keys of `optimizer.muon`

/// Momentum made orthogonal.
class Muon final : public MatricesAndRest {
 public:
  /// Throws ConfigError for a broken expression, and options.own of another optimizer.
  Muon(std::vector<ParameterGroup> groups, const OptimizerOptions& options);
};

}  // namespace imgcls::optim
