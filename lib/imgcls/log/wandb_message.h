#pragma once
// The messages of .wandb files: what a run of ours says of itself.

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace imgcls::report::wandb {

/// A figure and its name.
using Figure = std::pair<std::string_view, double>;

std::string header_message();  ///< who writes the file, and what client can read it

/// `config` is JSON text, an object; it may be empty.
std::string run_message(std::string_view id, std::string_view project, std::string_view name,
                        const std::string& config);
std::string config_message(const std::string& config);  ///< the values of that JSON text, an object

/// A figure that is drawn over the figure "step".
std::string metric_message(std::string_view name);

/// The machine and the command line of this process.
std::string environment_message();

/// The history's row of that number (from 0).
std::string history_message(std::span<const Figure> figures, std::int64_t row);
std::string summary_message(std::span<const Figure> figures);  ///< the newest value of each
std::string stats_message(std::span<const Figure> figures);    ///< the system's, at this time

/// A line that was said, with its end.
std::string output_message(std::string_view line);

/// How a session ended, and after how many seconds of the run.
std::string exit_message(int code, double seconds);

/// Where a row of the history belongs.
struct RowPlace {
  double step = 0;          ///< the figure "step" of the row
  bool evaluation = false;  ///< not a training step
};

/// Of a history_message. Throws protozero::exception.
RowPlace place_of(std::string_view history);

}  // namespace imgcls::report::wandb
