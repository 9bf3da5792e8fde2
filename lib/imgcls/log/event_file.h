#pragma once
// TensorBoard's event files: scalars, text, images, histograms and hyperparameters of a run, as
// TensorFlow's event.proto and summary.proto and TensorBoard's plugins have them.

#include <imgcls/log/append_file.h>
#include <imgcls/log/histogram.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace imgcls::report {

/// An encoded picture (PNG or JPEG).
struct Picture {
  int width = 0, height = 0;  ///< in pixels
  std::string file;           ///< bytes of the file
};

/// A hyperparameter and its value.
using Hyperparameter = std::pair<std::string, std::variant<bool, double, std::string>>;

/// Writes the events of one session into a file of its own. Members keep events for `flush`, which
/// hands them to the system in one write, so a process that is killed leaves whole events but for
/// at most the last.
class EventFile {
 public:
  /// Makes `folder` where it is absent, and a new file in it, events.out.tfevents.*, to go on after
  /// `step` steps: events of later steps in the folder's earlier files are removed, as is what a
  /// killed process left half-written, and a TensorBoard that has read them is told to forget them.
  /// So are an event of `step` itself that is called `redone`, and what follows it: what is written
  /// once the steps are done, and will be written again. Throws IoError.
  EventFile(const std::filesystem::path& folder, std::int64_t step, std::string_view redone = {});

  /// A figure; TensorBoard keeps 32 bits of it.
  void scalar(std::string_view tag, std::int64_t step, double value);
  /// Several at once, tag and value each.
  void scalars(std::int64_t step, std::span<const std::pair<std::string_view, double>> values);
  /// Markdown.
  void text(std::string_view tag, std::int64_t step, std::string_view markdown);
  /// Pictures, shown beside each other; not empty.
  void pictures(std::string_view tag, std::int64_t step, std::span<const Picture> pictures);
  /// TensorBoard draws those of one tag behind each other.
  void histogram(std::string_view tag, std::int64_t step, const Histogram& histogram);
  /// What the run was told, and the tag of the scalar that it is judged by; once a session.
  void hyperparameters(std::span<const Hyperparameter> values, std::string_view metric);
  /// Throws IoError; the events are then written by the next one.
  void flush() { file_->write(); }

 private:
  void write(std::int64_t step, std::string_view summary);
  void write_event(std::string_view event);

  std::unique_ptr<AppendFile> file_;
};

}  // namespace imgcls::report
