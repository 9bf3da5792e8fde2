#include <imgcls/core/cores.h>
#include <imgcls/core/file.h>
#include <imgcls/core/machine.h>
#include <imgcls/report/wandb_proto.h>
#include <imgcls/report/wandb_run.h>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <protozero/pbf_reader.hpp>
#include <random>
#include <vector>

namespace imgcls::report {
namespace {

namespace fs = std::filesystem;
using namespace wandb;
using nlohmann::json;
using protozero::pbf_writer;
using SystemClock = std::chrono::system_clock;

constexpr std::string_view kFolderPrefix = "offline-run-";
// What the client writes for files of this form.
constexpr const char* kMinConsumer = "0.70.0";

constexpr auto kMetrics = std::to_array<std::string_view>(
    {"epoch", "train/loss", "train/lr", "train/grad_norm", "train/loss_scale",
     "train/images_per_second", "train/data_wait", "train/memory_mib", "train/epoch_loss",
     "val/loss", "val/acc1", "val/acc5"});

void add_time(pbf_writer& out, int field, SystemClock::time_point time) {
  constexpr std::int64_t kNanos = 1'000'000'000;
  const auto since =
      std::chrono::duration_cast<std::chrono::nanoseconds>(time.time_since_epoch()).count();
  pbf_writer timestamp(out, static_cast<protozero::pbf_tag_type>(field));
  timestamp.add_int64(time::seconds, since / kNanos);
  timestamp.add_int32(time::nanos, static_cast<std::int32_t>(since % kNanos));
}

/// The JSON text of a number, to its last bit; as the client writes what JSON has no number for.
std::string number_text(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "Infinity" : "-Infinity";
  if (value == 0 && std::signbit(value)) return "-0.0";  // "-0" is an integer to the client
  return fmt::format("{}", value);
}

void add_config(pbf_writer& out, const std::string& config) {
  if (config.empty()) return;
  const json all = json::parse(config);
  for (const auto& [key, value] : all.items()) {
    add_item(out, updates::items, key, value.dump(-1, ' ', false, json::error_handler_t::replace));
  }
}

/// What decides whether a run that goes on keeps a row.
struct RowPlace {
  double step = 0;
  bool evaluation = false;
};

RowPlace place_of(std::string_view history) {
  RowPlace place;
  protozero::pbf_reader reader(history.data(), history.size());
  while (reader.next(history::items)) {
    protozero::pbf_reader entry = reader.get_message();
    std::string key, value;
    while (entry.next()) {
      if (entry.tag() == item::key) {
        key = entry.get_string();
      } else if (entry.tag() == item::value) {
        value = entry.get_string();
      } else {
        entry.skip();
      }
    }
    if (key == "step") place.step = std::strtod(value.c_str(), nullptr);
    place.evaluation = place.evaluation || key == "val/acc1";
  }
  return place;
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
  const fs::path folder =
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

/// A message, which `fill` completes.
template <typename Fill>
std::string message_of(const Fill& fill) {
  std::string text;
  pbf_writer out(text);
  fill(out);
  return text;
}

std::string metric_message(std::string_view name) {
  return message_of([&](pbf_writer& out) {
    add_text(out, metric::name, name);
    add_text(out, metric::step, "step");
    pbf_writer options(out, metric::options);
    options.add_bool(metric::step_sync, true);
    options.add_bool(metric::defined, true);
  });
}

std::string environment_message() {
  const std::vector<std::string> command = command_line();
  return message_of([&](pbf_writer& out) {
    add_time(out, environment::started, SystemClock::now());
    for (std::size_t i = 1; i < command.size(); ++i) {
      add_text(out, environment::arguments, command[i]);
    }
    if (!command.empty()) add_text(out, environment::program, command[0]);
    add_text(out, environment::root, fs::current_path().string());
    add_text(out, environment::host, host_name());
    if (!command.empty()) add_text(out, environment::executable, command[0]);
    out.add_uint32(environment::cores, static_cast<std::uint32_t>(usable_cores()));
    out.add_uint32(environment::threads, static_cast<std::uint32_t>(usable_cores()));
    if (const auto gpus = gpu_names(); !gpus.empty()) add_text(out, environment::gpu, gpus[0]);
    {
      pbf_writer memory(out, environment::memory);
      memory.add_uint64(environment::total, static_cast<std::uint64_t>(memory_gib() * (1 << 30)));
    }
    pbf_writer cpu(out, environment::cpu);
    add_text(cpu, environment::cpu_model, cpu_name());
  });
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
    : log_(std::move(log)), cpu_s_(cpu_seconds()) {
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
  if (!begun_) begin(id_of(run), options);
  begin_session(options);
}

void WandbRun::begin(std::string_view id, const WandbOptions& options) {
  file_->add(record::header, message_of([](pbf_writer& out) {
               pbf_writer version(out, header::version);
               add_text(version, header::producer, "imgcls " IMGCLS_VERSION);
               add_text(version, header::min_consumer, kMinConsumer);
             }));
  file_->add(record::run, message_of([&](pbf_writer& out) {
               add_text(out, run::id, id);
               add_text(out, run::project, options.project);
               {
                 pbf_writer config(out, run::config);
                 add_config(config, options.config);
               }
               add_text(out, run::name, options.name);
               add_text(out, run::host, host_name());
               add_time(out, run::start, SystemClock::now());
               if (const std::string commit = git_commit("."); !commit.empty()) {
                 pbf_writer git(out, run::git);
                 add_text(git, run::commit, commit);
               }
             }));
  for (const std::string_view name : kMetrics) file_->add(record::metric, metric_message(name));
}

void WandbRun::begin_session(const WandbOptions& options) {
  file_->add(record::environment, environment_message());
  file_->add(record::config, message_of([&](pbf_writer& out) { add_config(out, options.config); }));
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
  const std::array figures{Figure{"step", static_cast<double>(row.step)},
                           Figure{"epoch", static_cast<double>(row.epoch)},
                           Figure{"train/loss", row.loss},
                           Figure{"train/lr", row.lr},
                           Figure{"train/grad_norm", row.grad_norm},
                           Figure{"train/loss_scale", row.loss_scale},
                           Figure{"train/images_per_second", row.images_per_second},
                           Figure{"train/data_wait", row.data_wait},
                           Figure{"train/memory_mib", row.memory_mib}};
  add_row(figures, row.time_s);
  add_system_figures();
  add_output();
  file_->flush();
}

void WandbRun::evaluation(const TrainLogRow& row) {
  const std::array figures{Figure{"step", static_cast<double>(row.step)},
                           Figure{"epoch", row.epoch},
                           Figure{"train/epoch_loss", row.train_loss},
                           Figure{"val/loss", row.val_loss},
                           Figure{"val/acc1", row.val_acc1},
                           Figure{"val/acc5", row.val_acc5}};
  add_row(figures, row.time_s);
  add_output();
  file_->flush();
}

void WandbRun::end(bool complete, double time_s) {
  add_output();
  if (!complete) file_->add(record::preempting, {});
  file_->add(record::exit, message_of([&](pbf_writer& out) {
               out.add_int32(run_exit::code, complete ? 0 : 1);
               out.add_int32(run_exit::runtime, static_cast<std::int32_t>(time_s));
             }));
  file_->flush();
}

/// A row of the history, and the summary, which follows it so that both are cut together.
void WandbRun::add_row(std::span<const Figure> figures, double time_s) {
  const double now = std::chrono::duration<double>(SystemClock::now().time_since_epoch()).count();
  std::vector<Figure> all(figures.begin(), figures.end());
  all.emplace_back("_step", static_cast<double>(rows_));
  all.emplace_back("_timestamp", now);
  all.emplace_back("_runtime", time_s);
  const auto add_all = [&](pbf_writer& out, int field) {
    for (const auto& [key, value] : all) add_item(out, field, key, number_text(value));
  };
  file_->add(record::history, message_of([&](pbf_writer& out) {
               add_all(out, history::items);
               pbf_writer step(out, history::step);
               step.add_int64(history::number, rows_);
             }));
  file_->add(record::summary, message_of([&](pbf_writer& out) { add_all(out, updates::items); }));
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
  file_->add(record::stats, message_of([&](pbf_writer& out) {
               add_time(out, stats::timestamp, SystemClock::now());
               for (const auto& [key, value] : figures) {
                 add_item(out, stats::items, key, number_text(value));
               }
             }));
}

/// The log's new lines.
void WandbRun::add_output() {
  const std::string log = read_from(log_, log_read_);
  std::size_t begin = 0;
  for (std::size_t end; (end = log.find('\n', begin)) != std::string::npos; begin = end + 1) {
    const std::string_view line = std::string_view(log).substr(begin, end + 1 - begin);
    file_->add(record::output, message_of([&](pbf_writer& out) {
                 out.add_enum(output::type, output::kStdout);
                 add_time(out, output::timestamp, SystemClock::now());
                 add_text(out, output::line, line);
               }));
  }
  log_read_ += begin;
}

}  // namespace imgcls::report
