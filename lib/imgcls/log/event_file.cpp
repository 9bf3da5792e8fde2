#include <imgcls/core/file.h>
#include <imgcls/core/machine.h>
#include <imgcls/log/event_file.h>
#include <imgcls/log/tf_record.h>

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <protozero/pbf_reader.hpp>
#include <protozero/pbf_writer.hpp>

namespace imgcls::report {
namespace {

namespace fs = std::filesystem;
using protozero::pbf_writer;

constexpr std::string_view kPrefix = "events.out.tfevents.";

// The fields' numbers, from event.proto, summary.proto, tensor.proto and TensorBoard's hparams
// plugin.
namespace event {
enum { time = 1, step = 2, version = 3, summary = 5, session = 7 };
}
namespace session {
enum { status = 1 };
constexpr int kStart = 1;
}  // namespace session
namespace summary {
enum { value = 1 };
}
namespace value {
enum { tag = 1, simple = 2, histogram = 5, tensor = 8, metadata = 9 };
}
namespace histogram_proto {
enum { min = 1, max = 2, count = 3, sum = 4, sum_of_squares = 5, limits = 6, counts = 7 };
}
namespace metadata {
enum { plugin = 1, data_class = 4 };
enum { name = 1, content = 2 };  // of the plugin
enum Class { kTensor = 2, kBlobs = 3 };
}  // namespace metadata
namespace tensor {
enum { type = 1, shape = 2, strings = 8 };
enum { dimension = 2, size = 1 };  // of a shape
constexpr int kString = 7;
}  // namespace tensor
namespace hparams {
enum { experiment = 2, start = 3 };
enum { parameter = 4, metric = 5 };          // of an experiment
enum { parameter_name = 1, type = 4 };       // of a parameter
enum { kText = 1, kBool = 2, kNumber = 3 };  // types
enum { metric_name = 1, tag = 2 };           // of a metric
enum { values = 1, key = 1, value = 2 };     // of a start: a map
enum { number = 2, text = 3, boolean = 4 };  // of a google.protobuf.Value
}  // namespace hparams

double now() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

/// What of an event tells whether it stays.
struct EventHead {
  std::int64_t step = 0;
  bool has_summary = false;  ///< figures, texts, pictures; else a version or the start of a session
  std::string tag;           ///< of its first value
};

/// Throws protozero::exception.
EventHead read_head(std::string_view record) {
  EventHead head;
  protozero::pbf_reader reader(record.data(), record.size());
  while (reader.next()) {
    if (reader.tag() == event::step) {
      head.step = reader.get_int64();
    } else if (reader.tag() == event::summary) {
      head.has_summary = true;
      protozero::pbf_reader values = reader.get_message();
      if (!values.next(summary::value)) continue;
      protozero::pbf_reader first = values.get_message();
      if (first.next(value::tag)) head.tag = first.get_string();
    } else {
      reader.skip();
    }
  }
  return head;
}

/// Cuts a file before its first event of a later step, of `step` if it is called `redone`, or that
/// is not whole. The start of a session, which names the step after it, is no event of a step.
void cut(const fs::path& path, std::int64_t step, std::string_view redone) {
  const std::string text = read_text(path);
  std::string_view rest = text;
  std::size_t kept = 0;
  while (const auto record = next_tf_record(rest)) {
    try {
      const EventHead head = read_head(*record);
      const bool is_redone = head.step == step && !redone.empty() && head.tag == redone;
      if (head.has_summary && (head.step > step || is_redone)) break;
    } catch (const protozero::exception&) {
      break;
    }
    kept = text.size() - rest.size();
  }
  if (kept == text.size()) return;
  cut_file(path, kept);
}

/// Cuts the folder's files; how many there are.
int cut_all(const fs::path& folder, std::int64_t step, std::string_view redone) {
  int files = 0;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (!entry.path().filename().string().starts_with(kPrefix)) continue;
    ++files;
    cut(entry.path(), step, redone);
  }
  return files;
}

/// A tensor of texts, of `shape`.
void add_strings(pbf_writer& out, std::span<const std::string_view> texts) {
  pbf_writer tensor_out(out, value::tensor);
  tensor_out.add_int32(tensor::type, tensor::kString);
  {
    pbf_writer shape(tensor_out, tensor::shape);
    pbf_writer dimension(shape, tensor::dimension);
    dimension.add_int64(tensor::size, static_cast<std::int64_t>(texts.size()));
  }
  for (const std::string_view text : texts) {
    tensor_out.add_bytes(tensor::strings, text.data(), text.size());
  }
}

void add_plugin(pbf_writer& out, const std::string& name, metadata::Class data_class,
                std::string_view content = {}) {
  pbf_writer metadata_out(out, value::metadata);
  {
    pbf_writer plugin(metadata_out, metadata::plugin);
    plugin.add_string(metadata::name, name);
    if (!content.empty()) plugin.add_bytes(metadata::content, content.data(), content.size());
  }
  metadata_out.add_int32(metadata::data_class, data_class);
}

/// A summary with one value, which `fill` completes.
template <typename Fill>
std::string summary_of(std::string_view tag, const Fill& fill) {
  std::string text;
  pbf_writer out(text);
  pbf_writer value_out(out, summary::value);
  value_out.add_bytes(value::tag, tag.data(), tag.size());
  fill(value_out);
  value_out.commit();
  return text;
}

/// The hparams plugin's data lie in the metadata of a value that holds nothing else.
std::string hparams_summary(std::string_view tag, std::string_view content) {
  return summary_of(
      tag, [&](pbf_writer& out) { add_plugin(out, "hparams", metadata::kTensor, content); });
}

struct HparamValueWriter {
  pbf_writer& out;
  void operator()(bool value) { out.add_bool(hparams::boolean, value); }
  void operator()(double value) { out.add_double(hparams::number, value); }
  void operator()(const std::string& value) { out.add_string(hparams::text, value); }
};

int hparam_type(const Hyperparameter& parameter) {
  if (std::holds_alternative<bool>(parameter.second)) return hparams::kBool;
  return std::holds_alternative<double>(parameter.second) ? hparams::kNumber : hparams::kText;
}

std::string experiment(std::span<const Hyperparameter> values, std::string_view metric) {
  std::string text;
  pbf_writer data(text);
  pbf_writer out(data, hparams::experiment);
  for (const Hyperparameter& each : values) {
    pbf_writer parameter(out, hparams::parameter);
    parameter.add_string(hparams::parameter_name, each.first);
    parameter.add_int32(hparams::type, hparam_type(each));
  }
  {
    pbf_writer metric_out(out, hparams::metric);
    pbf_writer name(metric_out, hparams::metric_name);
    name.add_bytes(hparams::tag, metric.data(), metric.size());
  }
  out.commit();
  return text;
}

std::string session_start(std::span<const Hyperparameter> values) {
  std::string text;
  pbf_writer data(text);
  pbf_writer out(data, hparams::start);
  for (const Hyperparameter& each : values) {
    pbf_writer entry(out, hparams::values);
    entry.add_string(hparams::key, each.first);
    pbf_writer value_out(entry, hparams::value);
    std::visit(HparamValueWriter{value_out}, each.second);
  }
  out.commit();
  return text;
}

}  // namespace

EventFile::EventFile(const fs::path& folder, std::int64_t step, std::string_view redone) {
  make_folders(folder);
  const int number = cut_all(folder, step, redone);
  // TensorBoard reads a folder's files in the order of their names.
  file_ = std::make_unique<AppendFile>(folder / fmt::format("{}{:010}.{}.{:04}", kPrefix,
                                                            static_cast<std::int64_t>(now()),
                                                            host_name(), number));
  std::string text;
  pbf_writer version(text);
  version.add_double(event::time, now());
  version.add_string(event::version, "brain.Event:2");
  write_event(text);
  if (number == 0) return;
  text.clear();
  pbf_writer restart(text);
  restart.add_double(event::time, now());
  restart.add_int64(event::step, step + 1);
  {
    pbf_writer session_out(restart, event::session);
    session_out.add_int32(session::status, session::kStart);
  }
  write_event(text);
}

void EventFile::scalar(std::string_view tag, std::int64_t step, double value) {
  const std::pair<std::string_view, double> one{tag, value};
  scalars(step, {&one, 1});
}

void EventFile::scalars(std::int64_t step,
                        std::span<const std::pair<std::string_view, double>> values) {
  std::string text;
  for (const auto& [tag, figure] : values) {
    text += summary_of(tag, [figure = figure](pbf_writer& out) {
      out.add_float(value::simple, static_cast<float>(figure));
    });
  }
  write(step, text);
}

void EventFile::text(std::string_view tag, std::int64_t step, std::string_view markdown) {
  write(step, summary_of(tag, [&](pbf_writer& out) {
          add_strings(out, {&markdown, 1});
          add_plugin(out, "text", metadata::kTensor);
        }));
}

void EventFile::pictures(std::string_view tag, std::int64_t step,
                         std::span<const Picture> pictures) {
  // Width, height, then the files.
  const std::string width = std::to_string(pictures.front().width);
  const std::string height = std::to_string(pictures.front().height);
  std::vector<std::string_view> texts{width, height};
  for (const Picture& picture : pictures) texts.push_back(picture.file);
  write(step, summary_of(tag, [&](pbf_writer& out) {
          add_strings(out, texts);
          add_plugin(out, "images", metadata::kBlobs);
        }));
}

void EventFile::histogram(std::string_view tag, std::int64_t step, const Histogram& histogram) {
  write(step, summary_of(tag, [&](pbf_writer& out) {
          pbf_writer histo(out, value::histogram);
          histo.add_double(histogram_proto::min, histogram.min);
          histo.add_double(histogram_proto::max, histogram.max);
          histo.add_double(histogram_proto::count, histogram.count);
          histo.add_double(histogram_proto::sum, histogram.sum);
          histo.add_double(histogram_proto::sum_of_squares, histogram.sum_of_squares);
          histo.add_packed_double(histogram_proto::limits, histogram.limits.begin(),
                                  histogram.limits.end());
          histo.add_packed_double(histogram_proto::counts, histogram.counts.begin(),
                                  histogram.counts.end());
        }));
}

void EventFile::hyperparameters(std::span<const Hyperparameter> values, std::string_view metric) {
  write(0, hparams_summary("_hparams_/experiment", experiment(values, metric)));
  write(0, hparams_summary("_hparams_/session_start_info", session_start(values)));
}

void EventFile::write(std::int64_t step, std::string_view summary) {
  std::string text;
  pbf_writer out(text);
  out.add_double(event::time, now());
  out.add_int64(event::step, step);
  out.add_message(event::summary, summary.data(), summary.size());
  write_event(text);
}

void EventFile::write_event(std::string_view event) {
  file_->add(tf_record(event));
}

}  // namespace imgcls::report
