#include <imgcls/core/error.h>
#include <imgcls/train/run_logs.h>

#include <fmt/format.h>

#include <utility>

namespace imgcls::train {

RunLogs::RunLogs(const RunFiles& files, const RunOptions& options, const data::Source& train,
                 std::int64_t step, std::int64_t evaluated, const std::string& config, Warn warn)
    : warn_(std::move(warn)) {
  std::vector<SinkFactory> factories = house_sinks();
  factories.insert(factories.end(), options.sinks.begin(), options.sinks.end());
  for (const SinkFactory& make : factories) {
    auto sink = make({.files = files,
                      .options = options,
                      .train = train,
                      .step = step,
                      .evaluated = evaluated,
                      .config = config});
    if (sink) sinks_.push_back(std::move(sink));
  }
}

void RunLogs::tell(Told what, const std::function<void(RunSink&)>& say) {
  for (const auto& sink : sinks_) {
    const std::filesystem::path file = sink->file();
    const auto earlier = incomplete_.find(file);
    try {
      say(*sink);
      const bool caught_up =
          earlier != incomplete_.end() && (what == earlier->second.what || what == Told::end);
      if (caught_up) incomplete_.erase(earlier);
    } catch (const IoError& e) {
      if (earlier == incomplete_.end()) {
        warn_(fmt::format("{}; the training goes on, and it is tried again", e.what()));
      }
      incomplete_.insert_or_assign(file, Failure{.what = what, .reason = e.what()});
    }
  }
}

void RunLogs::step(const report::StepRow& row) {
  tell(Told::step, [&](RunSink& sink) { sink.step(row); });
}

void RunLogs::first_batch(const data::Batch& batch, std::int64_t step) {
  tell(Told::first_batch, [&](RunSink& sink) { sink.first_batch(batch, step); });
}

void RunLogs::samples(const Position& position, std::span<const std::string> shares) {
  tell(Told::samples, [&](RunSink& sink) { sink.samples(position, shares); });
}

void RunLogs::evaluation(const report::TrainLogRow& row, const EvalCounts& counts,
                         const EvalDetails& details, const data::Source& source,
                         const models::Model& model) {
  const EvaluationReport report{
      .row = row, .counts = counts, .details = details, .source = source, .model = model};
  tell(Told::evaluation, [&](RunSink& sink) { sink.evaluation(report); });
}

void RunLogs::end(bool complete, double time_s) {
  tell(Told::end, [&](RunSink& sink) { sink.end(complete, time_s); });
  for (const auto& [file, failure] : incomplete_) {
    warn_(fmt::format("{} is not complete: {}", file.string(), failure.reason));
  }
}

}  // namespace imgcls::train
