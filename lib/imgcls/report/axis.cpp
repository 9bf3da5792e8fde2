#include <imgcls/report/axis.h>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace imgcls::report {

Axis make_axis(double low, double high, int count, bool round) {
  if (!(high > low)) {
    const double margin = low == 0 ? 1 : std::abs(low) * 0.1;
    low -= margin;
    high += margin;
  }
  const double rough = (high - low) / count;
  const double power = std::pow(10.0, std::floor(std::log10(rough)));
  const double factor = rough / power;
  const double step = power * (factor <= 1 ? 1 : factor <= 2 ? 2 : factor <= 5 ? 5 : 10);
  Axis axis;
  axis.digits = std::max(0, static_cast<int>(-std::floor(std::log10(step) + 1e-9)));
  constexpr double kSlack = 1e-9;  // of a step: what rounding may miss
  // In steps.
  const double first = round ? std::floor(low / step + kSlack) : std::ceil(low / step - kSlack);
  const double last = round ? std::ceil(high / step - kSlack) : std::floor(high / step + kSlack);
  const auto ticks = static_cast<int>(last - first) + 1;
  for (int i = 0; i < ticks; ++i) axis.ticks.push_back((first + i) * step);
  axis.low = round ? first * step : low;
  axis.high = round ? last * step : high;
  return axis;
}

std::string tick_text(double value, int digits) {
  std::string text = fmt::format("{:.{}f}", value == 0 ? 0.0 : value, digits);
  const std::size_t begin = text.starts_with('-') ? 1 : 0;
  const std::size_t point = std::min(text.find('.'), text.size());
  if (point - begin <= 4) return text;
  for (std::size_t at = point; at > begin + 3; at -= 3) text.insert(at - 3, 1, ',');
  return text;
}

}  // namespace imgcls::report
