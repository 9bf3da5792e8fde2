#pragma once
// Whether a person watches, and how wide the window is.

#include <string_view>

namespace imgcls::report {

/// The terminal that standard error goes to.
struct Terminal {
  bool interactive = false;  ///< a person watches: a line may be redrawn in place
  int columns = 80;          ///< width in characters
};

/// Looks at this process's standard error. Under `mpirun`, which puts a pipe between a rank and the
/// terminal, at the launcher's.
Terminal find_terminal();

/// Writes `text` to standard error at once. On a terminal that is gone it is lost, without an
/// error.
void show(std::string_view text);

/// Begins a line anew: to be shown before the text that takes the place of the one there.
inline constexpr std::string_view kEraseLine = "\r\x1b[K";

}  // namespace imgcls::report
