#include <imgcls/optim/adam.h>
#include <imgcls/optim/adan.h>
#include <imgcls/optim/lamb.h>
#include <imgcls/optim/lars.h>
#include <imgcls/optim/lion.h>
#include <imgcls/optim/muon.h>
#include <imgcls/optim/nadamw.h>
#include <imgcls/optim/optimizers.h>
#include <imgcls/optim/radam.h>
#include <imgcls/optim/rmsprop_tf.h>
#include <imgcls/optim/sgd.h>

namespace imgcls::optim {
namespace {

template <class Kind>
OptimizerEntry entry(std::string name, std::string summary, OwnFields own = {}) {
  return {.name = std::move(name),
          .summary = std::move(summary),
          .own = std::move(own),
          .make = [](std::vector<ParameterGroup> groups, const OptimizerOptions& options) {
            return std::make_unique<Kind>(std::move(groups), options);
          }};
}

std::vector<OptimizerEntry> known_optimizers() {
  return {
      entry<Adam>("adam", "Adam with coupled decay (arXiv:1412.6980)"),
      entry<Adam>("adamw", "AdamW (arXiv:1711.05101)"),
      entry<Adan>("adan", "Adan (arXiv:2208.06677)", adan_fields()),
      entry<Lamb>("lamb", "LAMB (arXiv:1904.00962)", lamb_fields()),
      entry<Lars>("lars", "LARS (arXiv:1708.03888)", lars_fields()),
      entry<Lion>("lion", "Lion (arXiv:2302.06675)", lion_fields()),
      entry<Muon>("muon", "Muon for matrices and convolutions, AdamW for the rest", muon_fields()),
      entry<NAdamW>("nadamw", "Adam with Nesterov momentum and decoupled decay", nadamw_fields()),
      entry<RAdam>("radam", "Rectified Adam (arXiv:1908.03265)", radam_fields()),
      entry<RmspropTf>("rmsprop_tf", "RMSprop in TensorFlow's form", rmsprop_tf_fields()),
      entry<Sgd>("sgd", "Stochastic gradient descent with momentum"),
  };
}

}  // namespace

Registry<OptimizerEntry>& optimizers() {
  static Registry<OptimizerEntry> known("optimizer", "name", known_optimizers());
  return known;
}

std::unique_ptr<Optimizer> make_optimizer(const std::vector<models::NamedTensor>& parameters,
                                          const OptimizerOptions& options,
                                          std::span<const models::ParameterPlace> places) {
  return optimizers().at(options.name).make(make_groups(parameters, options, places), options);
}

}  // namespace imgcls::optim
