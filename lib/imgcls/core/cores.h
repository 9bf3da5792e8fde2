#pragma once
// The cores there are to work with.

#include <string>

namespace imgcls {

/// Cores that this process may use: those that taskset, a container, a batch system or a launcher
/// that binds ranks to cores left to it. At least 1.
int usable_cores();

/// Which ones: the same text for processes that share their cores.
std::string usable_core_set();

}  // namespace imgcls
