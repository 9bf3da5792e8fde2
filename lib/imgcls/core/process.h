#pragma once
// What a program settles about its process before it works. A library leaves these to the program.

namespace imgcls {

/// Opens /dev/null on those of the descriptors 0, 1 and 2 that are closed: otherwise a file opened
/// later gets such a number, and what is said on standard error goes into it. First thing in main.
void open_standard_streams();

/// From now on a write into a pipe that nobody reads any more fails, and does not end the process:
/// work goes on though `| head` has seen enough.
void ignore_broken_pipes();

/// Raises the soft limit on open files to the hard one: shards stay open, and every rank has
/// connections. A child process inherits it.
void raise_open_file_limit();

}  // namespace imgcls
