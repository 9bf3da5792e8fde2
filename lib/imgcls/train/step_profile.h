#pragma once
// Where the time of training steps goes, by LibTorch's profiler (Kineto).

#include <imgcls/dist/world.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace imgcls::train {

/// Seconds of a number of steps, in all. On a GPU they are the host's: what it has handed over may
/// still be computing.
struct StepTimes {
  std::int64_t steps = 0;  ///< how many
  double step = 0;         ///< all but `reduce`, and what lies between
  /// Of each part of a step; `input` is the batch's way to the device.
  double data_wait = 0, input = 0, forward = 0, backward = 0, gradient_norm = 0, optimizer = 0;
  double reduce = 0;  ///< beside the others

  /// What no part has measured.
  double other() const {
    return step - data_wait - input - forward - backward - gradient_norm - optimizer;
  }
};

/// Their mean over the ranks. All ranks call it.
StepTimes mean(StepTimes mine, dist::World& world);

/// A table in Markdown, a line each: part, milliseconds a step, share of the step.
std::vector<std::string> table(const StepTimes& times);

/// Records this thread, and what it makes others compute, from `start` to `stop`.
class StepProfiler {
 public:
  /// What a recording holds.
  enum class Detail {
    ranges,     ///< our own ranges alone: costs nearly nothing
    everything  ///< each operator, and a GPU's kernels where `cuda` is set
  };
  explicit StepProfiler(Detail detail, bool cuda = false);  ///< `cuda`: of a GPU's kernels, too
  /// Ends a recording that goes on.
  ~StepProfiler();
  StepProfiler(const StepProfiler&) = delete;
  StepProfiler& operator=(const StepProfiler&) = delete;

  /// Sets KINETO_LOG_LEVEL in the environment, where it is not set, so that Kineto keeps its own
  /// messages to itself.
  void start();
  bool is_running() const { return running_; }  ///< between start and stop
  /// Ends the recording; where `trace` is not empty it is written there for chrome://tracing and
  /// ui.perfetto.dev. Throws IoError.
  StepTimes stop(const std::filesystem::path& trace = {});

 private:
  Detail detail_;
  bool cuda_;
  bool running_ = false;
};

/// Steps of a run, from 1; none where `last` is 0.
struct StepSpan {
  std::int64_t first = 0, last = 0;  ///< both included
};

/// "66-74", "66", or "" for none. Throws ConfigError saying what the option must be.
StepSpan parse_step_span(std::string_view text);

}  // namespace imgcls::train
