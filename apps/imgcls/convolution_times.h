#pragma once
// What a convolution takes, imgcls' code and oneDNN's.

#include <imgcls/kernels/single_convolution.h>
#include <imgcls/kernels/used_convolutions.h>

#include <optional>
#include <vector>

namespace imgcls::cli {

/// What a part of a convolution takes.
struct PartTimes {
  kernels::Part part;
  std::optional<double> own = {};  ///< seconds of imgcls' code, where it has some for it
  double onednn = 0;               ///< of ATen's, which asks oneDNN
  bool taken = false;              ///< whether a run takes imgcls'

  double chosen() const { return taken ? *own : onednn; }
};

/// Each the least of `calls` calls, in turns, after one that finds no memory ready.
std::vector<PartTimes> measure(const kernels::UsedConvolution& convolution, int calls);

}  // namespace imgcls::cli
