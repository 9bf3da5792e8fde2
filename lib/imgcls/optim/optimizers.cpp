#include <imgcls/core/error.h>
#include <imgcls/optim/adam.h>
#include <imgcls/optim/adan.h>
#include <imgcls/optim/cautious_adamw.h>
#include <imgcls/optim/lamb.h>
#include <imgcls/optim/lars.h>
#include <imgcls/optim/lion.h>
#include <imgcls/optim/muon.h>
#include <imgcls/optim/nadamuon.h>
#include <imgcls/optim/nadamw.h>
#include <imgcls/optim/optimizers.h>
#include <imgcls/optim/radam.h>
#include <imgcls/optim/rmsprop_tf.h>
#include <imgcls/optim/schedule_free.h>
#include <imgcls/optim/sgd.h>
#include <imgcls/optim/sgdw.h>
#include <imgcls/optim/soap.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

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

OptimizerEntry with_caution(OptimizerEntry entry) {
  entry.cautious = true;
  return entry;
}

OptimizerEntry with_momentum(OptimizerEntry entry) {
  entry.sets_momentum = true;
  return entry;
}

OptimizerEntry with_average(OptimizerEntry entry) {
  entry.averages = true;
  return entry;
}

/// AdamW in its fused form, or in the one that can be cautious.
OptimizerEntry adamw_entry() {
  OptimizerEntry adamw =
      with_momentum(with_caution(entry<Adam>("adamw", "AdamW (arXiv:1711.05101)")));
  adamw.make = [](std::vector<ParameterGroup> groups,
                  const OptimizerOptions& options) -> std::unique_ptr<Optimizer> {
    if (options.cautious) return std::make_unique<CautiousAdamW>(std::move(groups), options);
    return std::make_unique<Adam>(std::move(groups), options);
  };
  return adamw;
}

std::vector<OptimizerEntry> known_optimizers() {
  return {
      with_momentum(entry<Adam>("adam", "Adam with coupled decay (arXiv:1412.6980)")),
      adamw_entry(),
      with_caution(entry<Adan>("adan", "Adan (arXiv:2208.06677)", adan_fields())),
      with_caution(entry<Lamb>("lamb", "LAMB (arXiv:1904.00962)", lamb_fields())),
      entry<Lars>("lars", "LARS (arXiv:1708.03888)", lars_fields()),
      with_caution(entry<Lion>("lion", "Lion (arXiv:2302.06675)", lion_fields())),
      entry<Muon>("muon", "Muon for matrices and convolutions, AdamW for the rest", muon_fields()),
      entry<NAdaMuon>("nadamuon",
                      "AdaMuon with Nesterov momentum (arXiv:2507.11005), AdamW for the rest",
                      nadamuon_fields()),
      entry<NAdamW>("nadamw", "Adam with Nesterov momentum and decoupled decay", nadamw_fields()),
      entry<RAdam>("radam", "Rectified Adam (arXiv:1908.03265)", radam_fields()),
      with_caution(
          entry<RmspropTf>("rmsprop_tf", "RMSprop in TensorFlow's form", rmsprop_tf_fields())),
      with_average(entry<ScheduleFreeAdamW>("schedule_free_adamw",
                                            "Schedule-free AdamW (arXiv:2405.15682)",
                                            schedule_free_adamw_fields())),
      with_average(entry<ScheduleFreeSgd>(
          "schedule_free_sgd", "Schedule-free SGD (arXiv:2405.15682)", schedule_free_sgd_fields())),
      with_momentum(entry<Sgd>("sgd", "Stochastic gradient descent with momentum")),
      with_momentum(
          with_caution(entry<Sgdw>("sgdw", "The same with decoupled decay (arXiv:1711.05101)"))),
      entry<Soap>("soap", "SOAP, Adam in Shampoo's eigenbases (arXiv:2409.11321)", soap_fields()),
  };
}

}  // namespace

Registry<OptimizerEntry>& optimizers() {
  static Registry<OptimizerEntry> known("optimizer", "name", known_optimizers());
  return known;
}

void require_valid(const OptimizerOptions& options) {
  if (!options.cautious || optimizers().at(options.name).cautious) return;
  std::vector<std::string> able;
  for (const std::string& name : optimizers().names()) {
    if (optimizers().at(name).cautious) able.push_back(name);
  }
  throw ConfigError(fmt::format("optimizer.cautious is for {}, not for optimizer.name={}",
                                fmt::join(able, ", "), options.name));
}

std::unique_ptr<Optimizer> make_optimizer(const std::vector<models::NamedTensor>& parameters,
                                          const OptimizerOptions& options,
                                          std::span<const models::ParameterPlace> places) {
  require_valid(options);
  return optimizers().at(options.name).make(make_groups(parameters, options, places), options);
}

}  // namespace imgcls::optim
