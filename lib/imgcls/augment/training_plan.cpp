#include <imgcls/augment/training_plan.h>

namespace imgcls::data {

Plan plan_training(Size size, const AugmentOptions& options, const Policy* policy,
                   const ImageDraw& draw) {
  Random random = draw.random(RandomStream::augment);
  Plan plan = plan_augment(size, options, random);
  if (policy != nullptr) {
    Random drawn = draw.random(RandomStream::policy);
    plan.steps = policy->draw({plan.window.width, plan.window.height}, drawn);
  }
  return plan;
}

}  // namespace imgcls::data
