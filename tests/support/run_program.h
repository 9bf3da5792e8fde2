#pragma once
// Runs a command as a user would, and keeps what it printed.

#include <array>
#include <cstdio>
#include <memory>
#include <stdexcept>
#include <string>

#include <sys/wait.h>

namespace imgcls::test {

struct Outcome {
  int code = 0;        ///< exit code; 128 + number for a signal
  std::string output;  ///< standard output and error
};

inline Outcome run_program(const std::string& command) {
  const auto close = [](FILE* pipe) { return ::pclose(pipe); };
  FILE* pipe = ::popen((command + " 2>&1 < /dev/null").c_str(), "r");
  if (!pipe) throw std::runtime_error("cannot start " + command);
  Outcome outcome;
  std::array<char, 4096> piece{};
  while (const std::size_t got = std::fread(piece.data(), 1, piece.size(), pipe)) {
    outcome.output.append(piece.data(), got);
  }
  const int status = close(pipe);
  outcome.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return outcome;
}

}  // namespace imgcls::test
