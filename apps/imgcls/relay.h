#pragma once
// What a child process says, passed on as long as somebody listens.

#include <memory>
#include <thread>
#include <vector>

namespace imgcls::cli {

/// Pipes between a child and those of standard output and error that are pipes themselves: Open
/// MPI's mpirun ends its job, or crashes, when the reader of what it says goes away (`| head`). It
/// is passed on until then, and dropped afterwards. Terminals and files stay as they are: the child
/// has them directly.
///
/// This process must ignore broken pipes (core/process.h).
class OutputRelay {
 public:
  /// Throws IoError where there can be no pipe.
  OutputRelay();
  /// Passes on what there is left to read, also of processes that the child left behind.
  ~OutputRelay();
  OutputRelay(const OutputRelay&) = delete;
  OutputRelay& operator=(const OutputRelay&) = delete;

  /// In the child, between fork and exec: speaks into the pipes from now on.
  void join_child() const;
  /// In the parent, after fork.
  void begin();

 private:
  struct Pipe;
  std::vector<std::unique_ptr<Pipe>> pipes_;
  std::vector<std::jthread> threads_;  // last: they end before the pipes do
};

}  // namespace imgcls::cli
