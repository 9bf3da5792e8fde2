#include <imgcls/augment/aug_mix.h>
#include <imgcls/augment/auto_augment.h>
#include <imgcls/augment/chain.h>
#include <imgcls/augment/policies.h>
#include <imgcls/augment/rand_augment.h>
#include <imgcls/augment/three_augment.h>
#include <imgcls/augment/timm_rand_augment.h>
#include <imgcls/augment/trivial_augment_wide.h>

#include <utility>

namespace imgcls::data {
namespace {

std::vector<PolicyEntry> known_policies() {
  return {
      {.name = "none",
       .summary = "no operations",
       .own = {},
       .make = [](const std::any&) { return nullptr; }},
      policy_entry<RandAugment>("rand_augment",
                                "A few operations, all of one magnitude (arXiv:1909.13719)",
                                rand_augment_fields()),
      policy_entry<TrivialAugmentWide>("trivial_augment_wide",
                                       "One operation of any magnitude (arXiv:2103.10158)",
                                       trivial_augment_wide_fields()),
      policy_entry<AutoAugment>("auto_augment",
                                "One of 25 learned pairs of operations (arXiv:1805.09501)",
                                auto_augment_fields()),
      policy_entry<TimmRandAugment>("timm_rand_augment",
                                    "RandAugment as timm has it: rand-m9-mstd0.5-inc1",
                                    timm_rand_augment_fields()),
      policy_entry<ThreeAugment>("three_augment",
                                 "Grey, solarized or blurred, and colour jitter: DeiT III's "
                                 "3-Augment (arXiv:2204.07118)",
                                 three_augment_fields()),
      policy_entry<AugMix>("augmix",
                           "The image mixed with chains of operations that it goes through "
                           "(arXiv:1912.02781)",
                           aug_mix_fields()),
  };
}

}  // namespace

Registry<PolicyEntry>& policies() {
  static Registry<PolicyEntry> known("augment", "policy", known_policies());
  return known;
}

std::unique_ptr<const Policy> make_policy(const AugmentOptions& options) {
  std::unique_ptr<const Policy> policy = policies().at(options.policy).make(options.policy_options);
  if (options.operations.empty()) return policy;
  auto chain = std::make_unique<Chain>();
  chain->add(std::move(policy));
  chain->add(std::make_unique<const Chain>(options.operations));
  return chain;
}

void require_different_views(const AugmentOptions& options) {
  const int views = options.views;
  if (views < 1) throw OptionError("views", fmt::format("must be at least 1, not {}", views));
  if (views == 1 || options.policy != "none" || !options.operations.empty()) return;
  throw OptionError("views", fmt::format("must be 1, not {}, without a policy or operations: all "
                                         "views would be alike",
                                         views));
}

}  // namespace imgcls::data
