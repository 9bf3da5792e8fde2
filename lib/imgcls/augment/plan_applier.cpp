#include <imgcls/augment/plan_applier.h>

#include <utility>

namespace imgcls::data {
void PlanApplier::start(const Plan& plan, std::span<std::uint8_t> output, int bits) {
  plan_ = plan;
  made_ = output_ = output;
  if (!plan.views.empty()) {
    whole_.resize(std::size_t{3} * static_cast<std::size_t>(plan.window.width) *
                  static_cast<std::size_t>(plan.window.height));
    made_ = whole_;
  }
  region_ = plan.region;
  part_.bits = bits;
  by_rows_ =
      bits == 8 && plan.interpolation != Interpolation::bilinear_no_antialias && !plan.has_border();
  fresh_ = false;
  begin();
  if (!by_rows_) return;
  const Interval columns = resizer_.columns(), rows = resizer_.rows();
  region_ = {plan.region.x + columns.begin, plan.region.y + rows.begin, columns.size(),
             rows.size()};
}

void PlanApplier::begin() {
  if (fresh_) return;
  fresh_ = true;
  part_.pixels.clear();
  if (!by_rows_) return;
  resizer_.begin({plan_.region.width, plan_.region.height}, plan_.resized, plan_.window,
                 plan_.interpolation, plan_.flip, made_);
}

void PlanApplier::rows(const std::uint8_t* rgb, std::size_t stride, int count) {
  clock_.add_to(times_.decode);
  fresh_ = false;
  if (by_rows_) {
    resizer_.push(rgb, count, stride);
  } else {
    keep(rgb, stride, count);
  }
  clock_.add_to(times_.resize);
}

void PlanApplier::keep(const std::uint8_t* rgb, std::size_t stride, int count) {
  const std::size_t row = static_cast<std::size_t>(region_.width) * 3;
  part_.pixels.reserve(row * static_cast<std::size_t>(region_.height));
  for (int i = 0; i < count; ++i, rgb += stride) {
    part_.pixels.insert(part_.pixels.end(), rgb, rgb + row);
  }
}

void PlanApplier::finish() {
  clock_.add_to(times_.decode);
  if (!by_rows_) {
    part_.size = {region_.width, region_.height};
    plan_.region.x = plan_.region.y = 0;
    // Both are for below.
    std::vector<PixelStep> steps = std::exchange(plan_.steps, {});
    std::vector<View> views = std::exchange(plan_.views, {});
    apply(plan_, part_, made_);
    plan_.steps = std::move(steps);
    plan_.views = std::move(views);
    if (part_.pixels.capacity() > kKeptBytes) part_ = {};
  }
  const Size size{plan_.window.width, plan_.window.height};
  if (!plan_.steps.empty()) apply_steps(plan_.steps, PixelCanvas(size, made_, spare_));
  if (!plan_.views.empty()) cut_views(plan_.views, size, made_, output_, spare_);
  if (whole_.capacity() > kKeptBytes) whole_ = {};
  clock_.add_to(times_.resize);
}

}  // namespace imgcls::data
