#include <imgcls/train/progressive.h>

#include <algorithm>
#include <cmath>

namespace imgcls::train {

const OptionFields<ProgressiveOptions>& progressive_fields() {
  using O = ProgressiveOptions;
  static const OptionFields<O> fields = [] {
    OptionFields<O> f;
    f.add("size", &O::size,
          "Side of the training images in the first epochs, in pixels; 0: they all have "
          "augment.size.",
          Limits::between(0, 65535));
    f.add_range("ramp", &O::begin, &O::end,
                "First and last epoch, counted from 0, of those in which the side grows linearly "
                "from progressive.size to augment.size.",
                Limits::at_least(0));
    f.add("multiple", &O::multiple, "Sides between the two are multiples of this.",
          Limits::between(1, 65535));
    return f;
  }();
  return fields;
}

int side_at(const ProgressiveOptions& options, int last, std::uint32_t epoch) {
  if (options.size == 0 || epoch >= options.end) return last;
  if (epoch <= options.begin) return options.size;
  const double share = (epoch - options.begin) / (options.end - options.begin);
  const double side = options.size + share * (last - options.size);
  const int rounded = options.multiple * static_cast<int>(std::nearbyint(side / options.multiple));
  return std::clamp(rounded, options.size, last);
}

}  // namespace imgcls::train
