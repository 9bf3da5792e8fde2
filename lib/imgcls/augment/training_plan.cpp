#include <imgcls/augment/training_plan.h>

namespace imgcls::data {

Plan plan_training(Size size, const AugmentOptions& options, const Policy* policy,
                   const ImageDraw& draw) {
  Random random = draw.random(RandomStream::augment);
  Plan plan = plan_augment(size, options, random);
  const Size made{plan.window.width, plan.window.height};
  Random drawn = draw.random(RandomStream::policy);
  const auto draw_steps = [&] {
    return policy != nullptr ? policy->draw(made, drawn) : std::vector<PixelStep>();
  };
  if (options.views == 1) {
    plan.steps = draw_steps();
    return plan;
  }
  for (int i = 0; i < options.views; ++i) {
    plan.views.push_back({.window = {0, 0, made.width, made.height}});
    if (i > 0) plan.views.back().steps = draw_steps();
  }
  return plan;
}

}  // namespace imgcls::data
