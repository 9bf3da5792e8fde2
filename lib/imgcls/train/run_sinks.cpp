#include <imgcls/core/error.h>
#include <imgcls/core/file.h>
#include <imgcls/log/sample_log.h>
#include <imgcls/log/step_log.h>
#include <imgcls/log/wandb_run.h>
#include <imgcls/train/eval_files.h>
#include <imgcls/train/event_log.h>
#include <imgcls/train/options.h>
#include <imgcls/train/run_sink.h>

#include <system_error>
#include <utility>

namespace imgcls::train {
namespace {

namespace fs = std::filesystem;

/// The files of eval/, replaced in one step: a reader sees those of one evaluation.
class EvalFolder final : public RunSink {
 public:
  explicit EvalFolder(RunFiles files) : files_(std::move(files)) {}
  fs::path file() const override { return files_.evaluation(); }

  void evaluation(const EvaluationReport& report) override {
    const fs::path temporary = files_.folder / ".eval.tmp";
    remove_tree(temporary);
    try {
      write_eval_files(temporary, report.counts, report.details, report.source,
                       {.step = report.row.step, .weights = {}});
      replace_folder(temporary, files_.evaluation());
      failure_.clear();
    } catch (const IoError& e) {
      std::error_code ignored;
      fs::remove_all(temporary, ignored);  // a full disk needs the room
      failure_ = e.what();
      throw;
    }
  }
  /// The newest evaluation is not there, and can no longer be written.
  void end(bool /*complete*/, double /*time_s*/) override {
    if (!failure_.empty()) throw IoError(failure_);
  }

 private:
  RunFiles files_;
  std::string failure_;
};

class TrainLogSink final : public RunSink {
 public:
  explicit TrainLogSink(const SinkContext& context)
      : file_(context.files.train_log()), log_(file_, context.evaluated) {}
  fs::path file() const override { return file_; }

  void evaluation(const EvaluationReport& report) override {
    lacks_rows_ = true;
    log_.append(report.row);
    lacks_rows_ = false;
  }
  void end(bool /*complete*/, double /*time_s*/) override {
    if (lacks_rows_) log_.retry();
  }

 private:
  fs::path file_;
  report::TrainLog log_;
  bool lacks_rows_ = false;
};

class StepLogSink final : public RunSink {
 public:
  explicit StepLogSink(const SinkContext& context)
      : file_(context.files.steps()), log_(file_, context.step) {}
  fs::path file() const override { return file_; }
  void step(const report::StepRow& row) override { log_.append(row); }
  void end(bool /*complete*/, double /*time_s*/) override { log_.retry(); }

 private:
  fs::path file_;
  report::StepLog log_;
};

class SampleLogSink final : public RunSink {
 public:
  explicit SampleLogSink(const SinkContext& context)
      : file_(context.files.samples()), log_(file_, context.step) {}
  fs::path file() const override { return file_; }
  void samples(const Position& position, std::span<const std::string> shares) override {
    log_.append(position.step, position.epoch + 1, shares);
  }
  void end(bool /*complete*/, double /*time_s*/) override { log_.retry(); }

 private:
  fs::path file_;
  report::SampleLog log_;
};

/// The last part of a folder's path, also where that ends with a slash or is ".".
std::string name_of(const fs::path& folder) {
  const auto path = fs::absolute(folder).lexically_normal();
  return (path.has_filename() ? path : path.parent_path()).filename();
}

class WandbSink final : public RunSink {
 public:
  explicit WandbSink(const SinkContext& context)
      : file_(context.files.wandb()),
        run_(context.files.folder, context.files.log(),
             {.project = context.options.wandb_project,
              .name = name_of(context.files.folder),
              .config = context.config},
             context.step, context.evaluated) {}
  fs::path file() const override { return file_; }
  void step(const report::StepRow& row) override { run_.step(row); }
  void evaluation(const EvaluationReport& report) override { run_.evaluation(report.row); }
  void end(bool complete, double time_s) override { run_.end(complete, time_s); }

 private:
  fs::path file_;
  report::WandbRun run_;
};

template <class Sink>
std::unique_ptr<RunSink> made_if(bool wanted, const SinkContext& context) {
  return wanted ? std::make_unique<Sink>(context) : nullptr;
}

}  // namespace

void RunSink::step(const report::StepRow& /*row*/) {}
void RunSink::first_batch(const data::Batch& /*batch*/, std::int64_t /*step*/) {}
void RunSink::samples(const Position& /*position*/, std::span<const std::string> /*shares*/) {}
void RunSink::evaluation(const EvaluationReport& /*report*/) {}
void RunSink::end(bool /*complete*/, double /*time_s*/) {}

std::vector<SinkFactory> house_sinks() {
  return {
      [](const SinkContext& c) { return std::make_unique<EvalFolder>(c.files); },
      [](const SinkContext& c) { return std::make_unique<TrainLogSink>(c); },
      [](const SinkContext& c) { return std::make_unique<StepLogSink>(c); },
      [](const SinkContext& c) { return made_if<SampleLogSink>(c.options.log_samples, c); },
      [](const SinkContext& c) { return made_if<WandbSink>(c.options.wandb, c); },
      // Shows the mistakes that eval/ has.
      [](const SinkContext& c) { return made_if<EventLog>(c.options.tensorboard, c); },
  };
}

}  // namespace imgcls::train
