#pragma once
// What a person sees while a run goes on: one line on a terminal, redrawn in place; plain lines in
// a log file or where no terminal is.

#include <imgcls/core/log.h>
#include <imgcls/log/terminal.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace imgcls::report {

/// Where a phase (training an epoch, evaluating) stands.
struct PhaseStatus {
  std::int64_t done = 0, total = 0;  ///< steps or batches
  std::int64_t images = 0;           ///< images handled in this session of the phase, all ranks
  double seconds = 0;                ///< in this session of the phase
  // Negative: not shown.
  double phase_eta_s = -1;  ///< seconds to the end of the phase
  double run_eta_s = -1;    ///< seconds to the end of the run
  double loss = -1;         ///< mean of the phase so far
  double lr = -1;           ///< learning rate of the last step
  double data_wait = -1;    ///< share of the time, 0 to 1
  double memory_mib = -1;   ///< resident memory of this process
};

/// Shows progress, with colours unless the environment variable NO_COLOR is set (no-color.org).
/// Only rank 0 makes one.
class Progress {
 public:
  /// `log` is kept by reference; `terminal` is where the line is drawn.
  Progress(const Log& log, Terminal terminal);

  /// Whether the line wants redrawing: on a terminal, ten times a second.
  bool due() const;

  /// Redraws the line. `phase` is a few words: "epoch 3/16".
  void draw(std::string_view phase, const PhaseStatus& status);

  /// Writes the same as a line: into the log file, and to the terminal's place when there is none.
  void line(std::string_view phase, const PhaseStatus& status);

  /// Removes the line, so that something else can be written.
  void clear();

 private:
  const Log& log_;
  Terminal terminal_;
  std::chrono::steady_clock::time_point drawn_at_;
  bool visible_ = false;
  bool colours_;
};

/// "1:02:03", "4:05".
std::string clock_text(double seconds);

}  // namespace imgcls::report
