#pragma once
// How far work on a data set is: one line on a terminal, redrawn in place; elsewhere a line now and
// then.

#include <imgcls/log/terminal.h>
#include <imgcls/prepare/make_index.h>
#include <imgcls/train/termination_signals.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace imgcls::cli {

/// "1.5 GB": three digits, powers of 1000.
std::string bytes_text(std::uint64_t bytes);

class WorkLine {
 public:
  /// `what` is a word: "indexing"; `unit` what is counted: "files".
  WorkLine(std::string_view what, std::string_view unit);
  ~WorkLine();
  WorkLine(const WorkLine&) = delete;
  WorkLine& operator=(const WorkLine&) = delete;

  /// Shows the status where it is time; false once Ctrl-C or another signal asked to stop.
  bool show(const data::WorkStatus& status);
  /// The number of the signal that asked to stop; 0: none.
  int stopped_by() const { return signals_.received(); }
  /// "1,234 files in 0:12, 103/s, 1.5 GB".
  std::string summary() const;

 private:
  using Clock = std::chrono::steady_clock;
  std::string text(const data::WorkStatus& status) const;
  double seconds() const;

  std::string_view what_, unit_;
  report::Terminal terminal_ = report::find_terminal();
  train::TerminationSignals signals_;
  Clock::time_point start_ = Clock::now(), shown_ = start_;
  data::WorkStatus last_;
  bool visible_ = false;
};

}  // namespace imgcls::cli
