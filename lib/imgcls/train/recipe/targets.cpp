#include <imgcls/train/recipe/targets.h>

#include <ATen/ops/full.h>

namespace imgcls::train {

Targets Targets::narrow(std::int64_t start, std::int64_t length) const {
  const auto part = [&](const at::Tensor& whole) {
    return whole.defined() ? whole.narrow(0, start, length) : at::Tensor();
  };
  return {.labels = part(labels),
          .partners = part(partners),
          .shares = part(shares),
          .teacher = part(teacher),
          .sets = part(sets),
          .views = views};
}

at::Tensor Targets::rows(std::int64_t classes, double smoothing) const {
  if (sets.defined()) return sets;
  const double off = smoothing / static_cast<double>(classes), on = 1 - smoothing + off;
  const auto one_hot = [&](const at::Tensor& of) {
    return at::full({of.size(0), classes}, off, of.options().dtype(at::kFloat))
        .scatter_(1, of.unsqueeze(1), on);
  };
  const at::Tensor own = one_hot(labels);
  if (!is_mixed()) return own;
  const at::Tensor share = shares.unsqueeze(1);
  return own.mul(share).add(one_hot(partners).mul(share.neg().add(1)));
}

}  // namespace imgcls::train
