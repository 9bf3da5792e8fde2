#pragma once
// How the classes of two data sets differ. Internal to train/.

#include <span>
#include <string>

namespace imgcls::train {

/// What to say where training and evaluation do not have the same classes with the same numbers:
/// how many each has alone, and the first of them; what is in another place; what may help. Empty
/// where they are the same.
std::string class_differences(std::span<const std::string> training,
                              std::span<const std::string> evaluation);

}  // namespace imgcls::train
