#include <imgcls/core/file.h>
#include <imgcls/core/nan_sign.h>
#include <imgcls/log/csv_rows.h>
#include <imgcls/log/train_log.h>

#include <fmt/format.h>

#include <string_view>

namespace imgcls::report {
namespace {

constexpr std::size_t kStepColumn = 1;

std::string header(std::span<const EvalFigure> figures) {
  std::string text = "epoch,step,train_loss";
  for (const EvalFigure& figure : figures) text += fmt::format(",val_{}", figure.name);
  text += ",time,checkpoint_dir\n";
  return text;
}

}  // namespace

TrainLog::TrainLog(std::filesystem::path path, std::int64_t step,
                   std::span<const EvalFigure> figures)
    : path_(std::move(path)), figures_(figures), text_(header(figures)) {
  if (std::filesystem::exists(path_)) text_ += rows_up_to(read_text(path_), kStepColumn, step);
  replace_file(path_, text_);
}

void TrainLog::append(const TrainLogRow& row) {
  text_ += fmt::format("{},{},{:.6f}", row.epoch, row.step, row.train_loss);
  for (const EvalFigure& figure : figures_) {
    text_ += ',';
    text_ += fmt::format(fmt::runtime(figure.format), without_nan_sign(row.*figure.value));
  }
  text_ += fmt::format(",{:.3f},{}\n", row.time_s, row.checkpoint_dir);
  retry();
}

void TrainLog::retry() {
  replace_file(path_, text_);
}

}  // namespace imgcls::report
