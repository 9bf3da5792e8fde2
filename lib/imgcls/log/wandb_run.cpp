#include <imgcls/core/cores.h>
#include <imgcls/core/file.h>
#include <imgcls/core/machine.h>
#include <imgcls/log/wandb_message.h>
#include <imgcls/log/wandb_proto.h>
#include <imgcls/log/wandb_run.h>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <fstream>
#include <iterator>
#include <random>
#include <vector>

namespace imgcls::report {
namespace {

namespace fs = std::filesystem;
using namespace wandb;
using SystemClock = std::chrono::system_clock;

constexpr std::string_view kFolderPrefix = "offline-run-";
/// What the history calls a figure of steps.csv.
std::string metric_of(const StepFigure& figure) {
  return fmt::format("train/{}", figure.name);
}

std::string metric_of(const EvalFigure& figure) {
  return fmt::format("val/{}", figure.name);
}

/// What the history has besides `step`: epochs, the figures of steps, and those of evaluations.
std::vector<std::string> metrics(std::span<const EvalFigure> of_evaluations) {
  std::vector<std::string> names{"epoch"};
  for (const StepFigure& figure : kStepFigures) names.push_back(metric_of(figure));
  names.emplace_back("train/epoch_loss");
  for (const EvalFigure& figure : of_evaluations) names.push_back(metric_of(figure));
  return names;
}

std::string random_id() {
  constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyz0123456789";
  std::random_device random;
  std::uniform_int_distribution<std::size_t> letter(0, kLetters.size() - 1);
  std::string id(8, ' ');
  std::ranges::generate(id, [&] { return kLetters[letter(random)]; });
  return id;
}

std::string id_of(const fs::path& folder) {
  const std::string name = folder.filename();
  return name.substr(name.rfind('-') + 1);
}

fs::path file_of(const fs::path& folder) {
  return folder / fmt::format("run-{}.wandb", id_of(folder));
}

fs::path new_folder(const fs::path& run) {
  const std::time_t now = SystemClock::to_time_t(SystemClock::now());
  fs::path folder =
      run / "wandb" /
      fmt::format("{}{:%Y%m%d_%H%M%S}-{}", kFolderPrefix, fmt::gmtime(now), random_id());
  make_folders(folder / "files");  // the client looks for it
  return folder;
}

/// What a file holds from `offset` on; empty where it cannot be read.
std::string read_from(const fs::path& path, std::uint64_t offset) {
  std::ifstream file(path, std::ios::binary);
  file.seekg(static_cast<std::streamoff>(offset));
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

std::vector<fs::path> wandb_folders(const fs::path& run) {
  std::vector<fs::path> folders;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(run / "wandb", none)) {
    const bool named = entry.path().filename().string().starts_with(kFolderPrefix);
    if (named && fs::exists(file_of(entry.path()))) folders.push_back(entry.path());
  }
  std::ranges::sort(folders);
  return folders;
}

WandbRun::WandbRun(const fs::path& folder, fs::path log, const WandbOptions& options,
                   std::int64_t step, std::int64_t evaluated)
    : log_(std::move(log)), figures_(options.figures), cpu_s_(cpu_seconds()) {
  const std::vector<fs::path> earlier = wandb_folders(folder);
  const fs::path run = earlier.empty() ? new_folder(folder) : earlier.back();
  file_ = std::make_unique<WandbFile>(file_of(run), [&](int kind, std::string_view message) {
    if (kind == record::exit || kind == record::preempting) return false;
    if (kind == record::history) {
      const RowPlace place = place_of(message);
      if (place.step > static_cast<double>(place.evaluation ? evaluated : step)) return false;
      ++rows_;
    }
    lines_ += kind == record::output ? 1 : 0;
    begun_ = begun_ || kind == record::run;
    return true;
  });
  // The client passes over what it has uploaded.
  fs::path uploaded = file_of(run);
  remove_tree(uploaded += ".synced");
  if (begun_) {
    file_->add(record::config, config_message(options.config));  // of keys that may change
  } else {
    begin(id_of(run), options);
  }
  begin_session();
}

void WandbRun::begin(std::string_view id, const WandbOptions& options) {
  file_->add(record::header, header_message());
  file_->add(record::run, run_message(id, options.project, options.name, options.config));
  for (const std::string& name : metrics(figures_)) {
    file_->add(record::metric, metric_message(name));
  }
}

void WandbRun::begin_session() {
  file_->add(record::environment, environment_message());
  // The log's lines that the file has.
  const std::string log = read_from(log_, 0);
  for (std::int64_t line = 0; line < lines_; ++line) {
    const std::size_t end = log.find('\n', log_read_);
    if (end == std::string::npos) break;
    log_read_ = end + 1;
  }
  add_output();
  file_->flush();
}

void WandbRun::step(const StepRow& row) {
  std::vector<std::string> names;
  for (const StepFigure& figure : kStepFigures) names.push_back(metric_of(figure));
  std::vector<Figure> figures{Figure{"step", static_cast<double>(row.step)},
                              Figure{"epoch", static_cast<double>(row.epoch)}};
  for (std::size_t i = 0; i < names.size(); ++i) {
    figures.emplace_back(names[i], row.*kStepFigures.at(i).value);
  }
  add_row(figures, row.time_s);
  add_system_figures();
  add_output();
  file_->flush();
}

void WandbRun::evaluation(const TrainLogRow& row) {
  std::vector<std::string> names;
  for (const EvalFigure& figure : figures_) names.push_back(metric_of(figure));
  std::vector<Figure> figures{Figure{"step", static_cast<double>(row.step)},
                              Figure{"epoch", static_cast<double>(row.epoch)},
                              Figure{"train/epoch_loss", row.train_loss}};
  for (std::size_t i = 0; i < names.size(); ++i) {
    figures.emplace_back(names[i], row.*figures_[i].value);
  }
  add_row(figures, row.time_s);
  add_output();
  file_->flush();
}

void WandbRun::end(bool complete, double time_s) {
  add_output();
  if (!complete) file_->add(record::preempting, {});
  file_->add(record::exit, exit_message(complete ? 0 : 1, time_s));
  file_->flush();
}

/// A row of the history, and the summary, which follows it so that both are cut together.
void WandbRun::add_row(std::span<const Figure> figures, double time_s) {
  const auto now = SystemClock::now().time_since_epoch();
  std::vector<Figure> all(figures.begin(), figures.end());
  all.emplace_back("_step", static_cast<double>(rows_));
  all.emplace_back("_timestamp", std::chrono::duration<double>(now).count());
  all.emplace_back("_runtime", time_s);
  file_->add(record::history, history_message(all, rows_));
  file_->add(record::summary, summary_message(all));
  ++rows_;
}

/// With the names that the client gives its own.
void WandbRun::add_system_figures() {
  const auto now = std::chrono::steady_clock::now();
  const double cpu_s = cpu_seconds();
  const double seconds = std::chrono::duration<double>(now - measured_).count();
  const double total_mib = memory_gib() * 1024, free_mib = available_mib();
  const std::array figures{
      Figure{"cpu", seconds > 0 ? 100 * (cpu_s - cpu_s_) / seconds / usable_cores() : 0},
      Figure{"memory_percent", total_mib > 0 ? 100 * (1 - free_mib / total_mib) : 0},
      Figure{"proc.memory.availableMB", free_mib}, Figure{"proc.memory.rssMB", resident_mib()}};
  cpu_s_ = cpu_s;
  measured_ = now;
  file_->add(record::stats, stats_message(figures));
}

/// The log's new lines.
void WandbRun::add_output() {
  const std::string log = read_from(log_, log_read_);
  std::size_t begin = 0;
  for (std::size_t end; (end = log.find('\n', begin)) != std::string::npos; begin = end + 1) {
    file_->add(record::output,
               output_message(std::string_view(log).substr(begin, end + 1 - begin)));
  }
  log_read_ += begin;
}

}  // namespace imgcls::report
