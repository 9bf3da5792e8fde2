#pragma once
// A line chart as a PNG, drawn by cairo.

#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace imgcls::report {

/// A point of a line.
struct PlotPoint {
  double x = 0;     ///< in the axis's unit
  double y = 0;     ///< in the axis's unit
  double band = 0;  ///< half the height of the band around y; NaN: none
};

/// A line and its points.
struct PlotLine {
  std::string label;              ///< in the legend
  std::vector<PlotPoint> points;  ///< by x; one whose x or y is no number is left out
};

/// A chart.
struct Plot {
  std::string title, x_label, y_label;  ///< texts above it, below it, and at its left
  double least = -1e300, most = 1e300;  ///< what the y axis does not go beyond
  std::vector<PlotLine> lines;          ///< drawn in this order
};

/// Writes a PNG of 1600 x 1000 pixels. Lines differ in colour, which the colour-blind tell apart,
/// and in dashes. A plot without points says so. Throws IoError.
void write_plot(const Plot& plot, const std::filesystem::path& png);

}  // namespace imgcls::report
