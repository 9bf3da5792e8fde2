#pragma once
// A NaN has a sign, which means nothing; x86 sets it in those that it makes, and fmt prints it.

#include <cmath>
#include <limits>

namespace imgcls {

/// `value`, but any NaN as the one that is printed "nan", never "-nan".
inline double without_nan_sign(double value) {
  return std::isnan(value) ? std::numeric_limits<double>::quiet_NaN() : value;
}

}  // namespace imgcls
