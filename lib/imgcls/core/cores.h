#pragma once
// How many cores there are to work with.

namespace imgcls {

/// Cores that this process may use: those that taskset, a container, a batch system or a launcher
/// that binds ranks to cores left to it. At least 1.
int usable_cores();

/// Cores of the machine.
int machine_cores();

}  // namespace imgcls
