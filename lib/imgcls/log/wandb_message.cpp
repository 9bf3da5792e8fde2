#include <imgcls/core/cores.h>
#include <imgcls/core/json_text.h>
#include <imgcls/core/machine.h>
#include <imgcls/core/utf8.h>
#include <imgcls/log/wandb_message.h>
#include <imgcls/log/wandb_proto.h>

#include <fmt/format.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <protozero/pbf_reader.hpp>
#include <protozero/pbf_writer.hpp>
#include <vector>

namespace imgcls::report::wandb {
namespace {

using protozero::pbf_writer;

// What the client writes for files of this form.
constexpr std::string_view kMinConsumer = "0.70.0";

/// A message, which `fill` completes.
template <typename Fill>
std::string message_of(const Fill& fill) {
  std::string text;
  pbf_writer out(text);
  fill(out);
  return text;
}

/// The client takes no message whose texts are not UTF-8.
void add_text(pbf_writer& out, int field, std::string_view text) {
  out.add_string(static_cast<protozero::pbf_tag_type>(field), to_utf8(text));
}

/// A key with its value as JSON text.
void add_item(pbf_writer& out, int field, std::string_view key, std::string_view value) {
  pbf_writer entry(out, static_cast<protozero::pbf_tag_type>(field));
  add_text(entry, item::key, key);
  add_text(entry, item::value, value);
}

void add_now(pbf_writer& out, int field) {
  constexpr std::int64_t kNanos = 1'000'000'000;
  const auto since = std::chrono::duration_cast<std::chrono::nanoseconds>(
                         std::chrono::system_clock::now().time_since_epoch())
                         .count();
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

void add_figures(pbf_writer& out, int field, std::span<const Figure> figures) {
  for (const auto& [key, value] : figures) add_item(out, field, key, number_text(value));
}

void add_config(pbf_writer& out, const std::string& config) {
  using nlohmann::json;
  if (config.empty()) return;
  const json all = parse_json(config);
  for (const auto& [key, value] : all.items()) {
    add_item(out, updates::items, key, value.dump(-1, ' ', false, json::error_handler_t::replace));
  }
}

void add_command(pbf_writer& out) {
  const std::vector<std::string> command = command_line();
  if (command.empty()) return;
  for (std::size_t i = 1; i < command.size(); ++i) {
    add_text(out, environment::arguments, command[i]);
  }
  add_text(out, environment::program, command[0]);
  add_text(out, environment::executable, command[0]);
}

}  // namespace

std::string header_message() {
  return message_of([](pbf_writer& out) {
    pbf_writer version(out, header::version);
    add_text(version, header::producer, "imgcls " IMGCLS_VERSION);
    add_text(version, header::min_consumer, kMinConsumer);
  });
}

std::string run_message(std::string_view id, std::string_view project, std::string_view name,
                        const std::string& config) {
  return message_of([&](pbf_writer& out) {
    add_text(out, run::id, id);
    add_text(out, run::project, project);
    {
      pbf_writer config_out(out, run::config);
      add_config(config_out, config);
    }
    add_text(out, run::name, name);
    add_text(out, run::host, host_name());
    add_now(out, run::start);
    if (const std::string commit = git_commit("."); !commit.empty()) {
      pbf_writer git(out, run::git);
      add_text(git, run::commit, commit);
    }
  });
}

std::string config_message(const std::string& config) {
  return message_of([&](pbf_writer& out) { add_config(out, config); });
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
  return message_of([](pbf_writer& out) {
    add_now(out, environment::started);
    add_command(out);
    std::error_code none;
    add_text(out, environment::root, std::filesystem::current_path(none).string());
    add_text(out, environment::host, host_name());
    const auto cores = static_cast<std::uint32_t>(usable_cores());
    out.add_uint32(environment::cores, cores);
    out.add_uint32(environment::threads, cores);
    if (const auto gpus = gpu_names(); !gpus.empty()) add_text(out, environment::gpu, gpus[0]);
    {
      pbf_writer memory(out, environment::memory);
      memory.add_uint64(environment::total, static_cast<std::uint64_t>(memory_gib() * (1 << 30)));
    }
    pbf_writer cpu(out, environment::cpu);
    add_text(cpu, environment::cpu_model, cpu_name());
  });
}

std::string history_message(std::span<const Figure> figures, std::int64_t row) {
  return message_of([&](pbf_writer& out) {
    add_figures(out, history::items, figures);
    pbf_writer step(out, history::step);
    step.add_int64(history::number, row);
  });
}

std::string summary_message(std::span<const Figure> figures) {
  return message_of([&](pbf_writer& out) { add_figures(out, updates::items, figures); });
}

std::string stats_message(std::span<const Figure> figures) {
  return message_of([&](pbf_writer& out) {
    add_now(out, stats::timestamp);
    add_figures(out, stats::items, figures);
  });
}

std::string output_message(std::string_view line) {
  return message_of([&](pbf_writer& out) {
    out.add_enum(output::type, output::kStdout);
    add_now(out, output::timestamp);
    add_text(out, output::line, line);
  });
}

std::string exit_message(int code, double seconds) {
  return message_of([&](pbf_writer& out) {
    out.add_int32(run_exit::code, code);
    out.add_int32(run_exit::runtime, static_cast<std::int32_t>(seconds));
  });
}

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
    place.evaluation = place.evaluation || key == "val/loss";
  }
  return place;
}

}  // namespace imgcls::report::wandb
