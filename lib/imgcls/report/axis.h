#pragma once
// The numbers at a chart's axis. Internal to imgcls::report.

#include <string>
#include <vector>

namespace imgcls::report {

struct Axis {
  double low = 0, high = 1;  ///< what the axis spans
  std::vector<double> ticks;
  int digits = 0;  ///< after the point, that tell the ticks apart
};

/// An axis for numbers from `low` to `high`, with about `count` ticks at 1, 2 or 5 times a power of
/// ten. It begins and ends at the numbers, or, where `round`, at ticks around them. Equal numbers
/// get an axis around them.
Axis make_axis(double low, double high, int count, bool round);

/// A tick's number: "20", "0.25", "12,000".
std::string tick_text(double value, int digits);

}  // namespace imgcls::report
