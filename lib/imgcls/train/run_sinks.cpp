#include <imgcls/core/error.h>
#include <imgcls/core/file.h>
#include <imgcls/image/image.h>
#include <imgcls/image/thumbnail.h>
#include <imgcls/log/sample_log.h>
#include <imgcls/log/step_log.h>
#include <imgcls/log/wandb_run.h>
#include <imgcls/train/eval_files.h>
#include <imgcls/train/event_log.h>
#include <imgcls/train/options.h>
#include <imgcls/train/run_sink.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <system_error>
#include <utility>

namespace imgcls::train {
namespace {

namespace fs = std::filesystem;

/// A folder that is replaced in one step: a reader sees all its files as they were written
/// together.
class ReplacedFolder : public RunSink {
 public:
  fs::path file() const override { return folder_; }
  /// The newest files are not there, and can no longer be written.
  void end(bool /*complete*/, double /*time_s*/) override {
    if (!failure_.empty()) throw IoError(failure_);
  }

 protected:
  explicit ReplacedFolder(fs::path folder) : folder_(std::move(folder)) {}

  /// By what `write` puts into the folder that it is given.
  void replace(const std::function<void(const fs::path&)>& write) {
    const fs::path temporary =
        folder_.parent_path() / fmt::format(".{}.tmp", folder_.filename().string());
    remove_tree(temporary);
    try {
      write(temporary);
      replace_folder(temporary, folder_);
      failure_.clear();
    } catch (const IoError& e) {
      std::error_code ignored;
      fs::remove_all(temporary, ignored);  // a full disk needs the room
      failure_ = e.what();
      throw;
    }
  }

 private:
  fs::path folder_;
  std::string failure_;
};

class EvalFolder final : public ReplacedFolder {
 public:
  explicit EvalFolder(const RunFiles& files) : ReplacedFolder(files.evaluation()) {}

  void evaluation(const EvaluationReport& report) override {
    replace([&](const fs::path& folder) {
      write_eval_files(folder, report.counts, report.details, report.source,
                       {.step = report.row.step, .weights = {}});
    });
  }
};

/// What the network is trained on, for the report: the first images of a session as they were
/// augmented, and augmented.csv, which tells the number of each one's class, or the numbers with
/// blanks between them.
class AugmentedFolder final : public ReplacedFolder {
 public:
  explicit AugmentedFolder(const SinkContext& context)
      : ReplacedFolder(context.files.augmented()), source_(context.train) {}

  void first_batch(const data::Batch& batch, std::int64_t step) override {
    replace([&](const fs::path& folder) { write(folder, batch, step); });
  }

 private:
  void write(const fs::path& folder, const data::Batch& batch, std::int64_t step) const {
    constexpr std::size_t kImages = 16;
    constexpr int kSide = 160;
    const std::size_t bytes = static_cast<std::size_t>(batch.side) * batch.side * 3;
    make_folders(folder);
    std::string text = "step,sample,label,picture\n";
    for (std::size_t i = 0; i < std::min(kImages, batch.size); ++i) {
      const std::uint8_t* first = &batch.images[i * batch.views * bytes];  // of its views
      const data::Image image{{batch.side, batch.side}, {first, first + bytes}, batch.bits};
      const std::string name = fmt::format("{:02}.jpg", i + 1);
      write_unsynced(folder / name, data::thumbnail_jpeg(image, kSide));
      const auto labels = source_.label_set(static_cast<std::size_t>(batch.samples[i]));
      text += fmt::format(
          "{},{},{},{}\n", step, batch.samples[i],
          labels ? fmt::format("{}", fmt::join(*labels, " ")) : fmt::format("{}", batch.labels[i]),
          name);
    }
    replace_file(folder / "augmented.csv", text);
  }

  const data::Source& source_;
};

class TrainLogSink final : public RunSink {
 public:
  explicit TrainLogSink(const SinkContext& context)
      : file_(context.files.train_log()),
        log_(file_, context.evaluated, report::eval_figures(context.options.data.multi_label)) {}
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
              .config = context.config,
              .figures = report::eval_figures(context.options.data.multi_label)},
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
      [](const SinkContext& c) { return std::make_unique<AugmentedFolder>(c); },
      [](const SinkContext& c) { return std::make_unique<TrainLogSink>(c); },
      [](const SinkContext& c) { return std::make_unique<StepLogSink>(c); },
      [](const SinkContext& c) { return made_if<SampleLogSink>(c.options.log_samples, c); },
      [](const SinkContext& c) { return made_if<WandbSink>(c.options.wandb, c); },
      // Shows the mistakes that eval/ has.
      [](const SinkContext& c) { return made_if<EventLog>(c.options.tensorboard, c); },
  };
}

}  // namespace imgcls::train
