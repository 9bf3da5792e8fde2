#pragma once
// Messages for people: to the terminal and, where a run has a folder, to its log file.

#include <filesystem>
#include <memory>
#include <string_view>

namespace imgcls {

/// Writes timestamped lines to standard error and to a file. Safe to use from several threads.
class Log {
 public:
  /// A silent log: `info` does nothing, warnings and errors go to standard error with `prefix`
  /// ("rank 3: ") in front. What every rank but the first uses.
  static Log quiet(std::string_view prefix);

  /// A log that speaks on standard error.
  Log();
  ~Log();
  Log(Log&&) noexcept;             ///< leaves the other one to be assigned to or destroyed
  Log& operator=(Log&&) noexcept;  ///< leaves the other one to be assigned to or destroyed

  /// Also append to `path` from now on; created if absent. Throws IoError.
  void add_file(const std::filesystem::path& path);

  /// A fact worth reading once.
  void info(std::string_view message) const;
  /// Only into the file: what a terminal shows by a progress line.
  void file_only(std::string_view message) const;
  /// Something is not as it should be; the run goes on.
  void warn(std::string_view message) const;
  /// The run ends because of this.
  void error(std::string_view message) const;

 private:
  struct Sinks;
  explicit Log(std::unique_ptr<Sinks> sinks);
  std::unique_ptr<Sinks> sinks_;
};

}  // namespace imgcls
