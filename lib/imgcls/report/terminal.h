#pragma once
// Whether a person watches, and how wide the window is.

namespace imgcls::report {

/// The terminal that standard error goes to.
struct Terminal {
  bool interactive = false;  ///< a person watches: a line may be redrawn in place
  int columns = 80;
};

/// Looks at this process's standard error. Under `mpirun`, which puts a pipe between a rank and the
/// terminal, at the launcher's.
Terminal find_terminal();

}  // namespace imgcls::report
