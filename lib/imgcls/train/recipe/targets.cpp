#include <imgcls/train/recipe/targets.h>

#include <ATen/ops/full.h>

namespace imgcls::train {

Targets Targets::narrow(std::int64_t start, std::int64_t length) const {
  if (!is_mixed()) return {.labels = labels.narrow(0, start, length)};
  return {.labels = labels.narrow(0, start, length),
          .partners = partners.narrow(0, start, length),
          .shares = shares.narrow(0, start, length)};
}

at::Tensor Targets::rows(std::int64_t classes, double smoothing) const {
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
