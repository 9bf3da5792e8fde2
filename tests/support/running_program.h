#pragma once
// A program under way: what it says is waited for, and it gets signals.

#include "run_program.h"

#include <dirent.h>
#include <sys/types.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <thread>

namespace imgcls::test {

class RunningProgram {
 public:
  explicit RunningProgram(const std::string& command) {
    std::array<int, 2> ends{};
    if (::pipe(ends.data()) != 0) throw std::runtime_error("no pipe");
    pid_ = ::fork();
    if (pid_ == 0) {
      ::dup2(ends[1], STDOUT_FILENO);
      ::dup2(ends[1], STDERR_FILENO);
      ::close(ends[0]);
      ::close(ends[1]);
      ::execl("/bin/sh", "sh", "-c", ("exec " + command + " < /dev/null").c_str(), nullptr);
      ::_exit(127);
    }
    ::close(ends[1]);
    output_end_ = ends[0];
  }
  ~RunningProgram() {
    if (pid_ > 0) {
      ::kill(pid_, SIGKILL);
      ::waitpid(pid_, nullptr, 0);
    }
    ::close(output_end_);
  }
  RunningProgram(const RunningProgram&) = delete;
  RunningProgram& operator=(const RunningProgram&) = delete;

  pid_t pid() const { return pid_; }

  /// Returns when the output holds `text`. Throws when the program ends before.
  void wait_for(const std::string& text) {
    while (outcome_.output.find(text) == std::string::npos) {
      if (!read_some()) throw std::runtime_error("never said '" + text + "':\n" + outcome_.output);
    }
  }

  /// Stops the program as SIGSTOP does, and returns when it stands still; false: it has ended.
  bool pause() {
    ::kill(pid_, SIGSTOP);
    int status = 0;
    ::waitpid(pid_, &status, WUNTRACED);
    if (WIFSTOPPED(status)) return true;
    set_code(status);
    return false;
  }
  void resume() { ::kill(pid_, SIGCONT); }

  /// Waits for the program's end.
  const Outcome& finish() {
    while (read_some()) {
    }
    int status = 0;
    if (pid_ > 0) {
      ::waitpid(pid_, &status, 0);
      set_code(status);
    }
    return outcome_;
  }

 private:
  bool read_some() {
    std::array<char, 4096> piece{};
    const ssize_t got = ::read(output_end_, piece.data(), piece.size());
    if (got > 0) outcome_.output.append(piece.data(), static_cast<std::size_t>(got));
    return got > 0;
  }
  void set_code(int status) {
    outcome_.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    pid_ = -1;
  }

  pid_t pid_ = -1;
  int output_end_ = -1;
  Outcome outcome_;
};

/// The text of a file in /proc, which may be gone; empty then.
inline std::string read_proc(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// Returns when process `pid` has a handler for `signal`. Throws when it has ended.
inline void wait_until_caught(pid_t pid, int signal) {
  const std::string key = "SigCgt:\t";  // then the set of caught signals, in hexadecimal
  for (;;) {
    const std::string status = read_proc("/proc/" + std::to_string(pid) + "/status");
    const std::size_t at = status.find(key);
    // Until it is waited for, a program that has ended stands there as a zombie.
    const bool ended = at == std::string::npos || status.find("State:\tZ") != std::string::npos;
    if (ended) throw std::runtime_error("the program has ended");
    const auto caught = std::stoull(status.substr(at + key.size(), 16), nullptr, 16);
    if ((caught >> (signal - 1) & 1) != 0) return;
    std::this_thread::yield();
  }
}

/// The process that an Open MPI launcher on this machine started as rank `rank`. Throws when there
/// is none.
inline pid_t process_of_rank(pid_t launcher, int rank) {
  const std::string parent = "PPid:\t" + std::to_string(launcher) + "\n";
  const std::string variable = "OMPI_COMM_WORLD_RANK=" + std::to_string(rank) + '\0';
  const std::unique_ptr<DIR, int (*)(DIR*)> processes(::opendir("/proc"), ::closedir);
  while (const dirent* entry = ::readdir(processes.get())) {
    const std::string folder = std::string("/proc/") + entry->d_name;
    if (read_proc(folder + "/status").find(parent) == std::string::npos) continue;
    if (read_proc(folder + "/environ").find(variable) == std::string::npos) continue;
    return static_cast<pid_t>(std::atoi(entry->d_name));
  }
  throw std::runtime_error("no rank " + std::to_string(rank));
}

}  // namespace imgcls::test
