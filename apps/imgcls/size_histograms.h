#pragma once
// How wide, how high and of what shape images are.

#include <imgcls/image/image.h>

#include <cstddef>
#include <string>
#include <vector>

namespace imgcls::cli {

struct Bin {
  std::string label;  ///< "256-383", "3:2-2:1"
  std::size_t images = 0;
};

struct Histogram {
  std::string title;  ///< "width"
  std::vector<Bin> bins;
  std::string least, median, most;
};

/// Those of width and height in pixels, and of width by height; `sizes` is not empty.
std::vector<Histogram> size_histograms(const std::vector<data::Size>& sizes);

}  // namespace imgcls::cli
