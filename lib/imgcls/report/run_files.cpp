#include <imgcls/core/error.h>
#include <imgcls/log/csv_table.h>
#include <imgcls/log/run_folder.h>
#include <imgcls/report/json_file.h>
#include <imgcls/report/run_files.h>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <limits>
#include <string_view>
#include <system_error>
#include <utility>

namespace imgcls::report {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

using train::RunFiles;

/// What `runs_stamp` looks at.
std::vector<fs::path> files_read(const RunFiles& run) {
  return {run.config(),
          run.environment(),
          run.classes(),
          run.train_log(),
          run.steps(),
          run.evaluation() / "eval.json",
          run.evaluation() / "per_class.csv",
          run.evaluation() / "mistakes.csv",
          run.augmented() / "augmented.csv"};
}

bool is_multi_label(const json& config) {
  const json::json_pointer key("/data/multi_label");
  return config.is_object() && config.contains(key) && config.at(key) == true;
}

std::vector<TrainLogRow> read_train_log(const fs::path& file, bool multi_label) {
  std::vector<TrainLogRow> rows;
  if (!fs::exists(file)) return rows;
  const std::span<const EvalFigure> figures = eval_figures(multi_label);
  std::vector<std::string> names;
  for (const EvalFigure& figure : figures) names.push_back(fmt::format("val_{}", figure.name));
  std::vector<std::string_view> columns{"epoch", "step", "train_loss", "time"};
  columns.insert(columns.end(), names.begin(), names.end());
  constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
  const CsvTable table(file, columns);
  for (std::size_t row = 0; row < table.rows(); ++row) {
    rows.push_back({.epoch = static_cast<int>(table.integer(row, "epoch")),
                    .step = table.integer(row, "step"),
                    .train_loss = table.number(row, "train_loss"),
                    .val_acc1 = kNone,
                    .val_acc5 = kNone,
                    .val_map = kNone,
                    .time_s = table.number(row, "time"),
                    .checkpoint_dir = table.text(row, "checkpoint_dir")});
    for (std::size_t i = 0; i < figures.size(); ++i) {
      rows.back().*figures[i].value = table.number(row, names[i]);
    }
    if (row > 0 && rows[row].step <= rows[row - 1].step) {
      table.refuse(row, "step", fmt::format("above {}, the row before's", rows[row - 1].step));
    }
  }
  return rows;
}

std::vector<StepRow> read_steps(const fs::path& file) {
  std::vector<StepRow> rows;
  if (!fs::exists(file)) return rows;
  constexpr std::array<std::string_view, 2> kColumns{"step", "loss"};
  const CsvTable table(file, kColumns);
  rows.reserve(table.rows());
  for (std::size_t row = 0; row < table.rows(); ++row) {
    rows.push_back({.step = table.integer(row, "step"),
                    .epoch = table.has("epoch") ? table.integer(row, "epoch") : 0,
                    .time_s = table.number(row, "time")});
    for (const StepFigure& figure : kStepFigures) {
      rows.back().*figure.value = table.number(row, figure.name);
    }
    if (row > 0 && rows[row].step <= rows[row - 1].step) {
      table.refuse(row, "step", fmt::format("above {}, the row before's", rows[row - 1].step));
    }
  }
  return rows;
}

json read_sessions(const fs::path& file) {
  const json environment = read_json_object(file);
  if (environment.is_null()) return json::array();
  json sessions = environment.value("sessions", json());
  const bool right =
      sessions.is_array() && std::all_of(sessions.begin(), sessions.end(),
                                         [](const json& item) { return item.is_object(); });
  if (right) return sessions;
  throw DataError(fmt::format("{}: \"sessions\" must be a list of objects", file.string()));
}

bool is_run(const RunFiles& run) {
  return fs::exists(run.config()) || fs::exists(run.train_log());
}

std::vector<fs::path> runs_below(const fs::path& folder) {
  std::vector<fs::path> runs;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    if (entry.is_directory() && fs::exists(RunFiles{entry.path()}.config())) {
      runs.push_back(entry.path());
    }
  }
  std::sort(runs.begin(), runs.end());
  return runs;
}

/// The last `parts` parts of a path, or all it has.
std::string path_tail(const fs::path& path, std::ptrdiff_t parts) {
  const fs::path below = path.relative_path();
  const auto count = std::distance(below.begin(), below.end());
  fs::path tail;
  for (auto part = std::next(below.begin(), std::max<std::ptrdiff_t>(0, count - parts));
       part != below.end(); ++part) {
    tail /= *part;
  }
  return tail.string();
}

/// The folders' last parts, with as many parts before them as it takes to tell them apart.
std::vector<std::string> short_names(std::span<const fs::path> folders) {
  std::vector<fs::path> paths;
  for (const fs::path& folder : folders) paths.push_back(fs::weakly_canonical(folder));
  std::vector<std::string> names;
  for (const fs::path& path : paths) {
    const auto most = std::distance(path.begin(), path.end());
    std::ptrdiff_t parts = 1;
    const auto is_alike = [&](const fs::path& other) {
      return path_tail(other, parts) == path_tail(path, parts);
    };
    while (parts < most && std::count_if(paths.begin(), paths.end(), is_alike) > 1) ++parts;
    names.push_back(path_tail(path, parts));
  }
  return names;
}

}  // namespace

std::vector<fs::path> find_runs(std::span<const fs::path> arguments) {
  std::vector<fs::path> found;
  for (const fs::path& argument : arguments) {
    std::error_code error;
    if (!fs::is_directory(argument, error)) {
      throw IoError(fmt::format("{}; expected the folder of a run, or one that holds runs",
                                fs::exists(argument, error)
                                    ? argument.string() + " is not a folder"
                                    : "there is no folder " + argument.string()));
    }
    const std::vector<fs::path> runs =
        is_run({argument}) ? std::vector<fs::path>{argument} : runs_below(argument);
    if (runs.empty()) {
      throw IoError(
          fmt::format("{} is not a run: it holds neither config.json nor train_log.csv, and "
                      "no subfolder of it holds config.json",
                      argument.string()));
    }
    for (const fs::path& run : runs) {
      const bool known = std::any_of(found.begin(), found.end(), [&](const fs::path& other) {
        return fs::equivalent(run, other);
      });
      if (!known) found.push_back(run);
    }
  }
  return found;
}

std::vector<Run> read_runs(std::span<const fs::path> folders) {
  const std::vector<std::string> names = short_names(folders);
  std::vector<Run> runs;
  for (std::size_t i = 0; i < folders.size(); ++i) {
    const RunFiles files{folders[i]};
    const std::vector<ClassLabel> labels = read_class_labels(files.classes());
    json config = read_json_object(files.config());
    const bool multi_label = is_multi_label(config);
    runs.push_back({.folder = files.folder,
                    .name = names[i],
                    .config = std::move(config),
                    .sessions = read_sessions(files.environment()),
                    .evaluations = read_train_log(files.train_log(), multi_label),
                    .multi_label = multi_label,
                    .steps = read_steps(files.steps()),
                    .eval = read_eval_files(files.evaluation(), labels),
                    .augmented = read_augmented(files.augmented(), labels),
                    .classes = labels.size()});
    Run& run = runs.back();
    if (run.eval && !run.eval->classes.empty()) run.classes = run.eval->classes.size();
  }
  return runs;
}

std::string runs_stamp(std::span<const fs::path> folders) {
  std::string stamp;
  for (const fs::path& folder : folders) {
    for (const fs::path& file : files_read({folder})) {
      std::error_code error;
      const std::uintmax_t bytes = fs::file_size(file, error);
      if (error) {
        stamp += "-,";
        continue;
      }
      const auto time = fs::last_write_time(file, error).time_since_epoch().count();
      stamp += fmt::format("{:x}.{:x},", bytes, time);
    }
  }
  return stamp;
}

}  // namespace imgcls::report
