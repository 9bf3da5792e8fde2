#include <imgcls/core/file.h>
#include <imgcls/report/train_log.h>

#include <fmt/format.h>

#include <charconv>
#include <string_view>

namespace imgcls::report {
namespace {

constexpr std::string_view kHeader =
    "epoch,step,train_loss,val_loss,val_acc1,val_acc5,time,checkpoint_dir\n";

/// The step of a row; -1 where the line is none (the header, half a line).
std::int64_t step_of(std::string_view line) {
  const std::size_t comma = line.find(',');
  std::int64_t step = -1;
  if (comma != std::string_view::npos) {
    std::from_chars(line.data() + comma + 1, line.data() + line.size(), step);
  }
  return step;
}

/// The lines of `text` that belong to the first `step` steps.
std::string rows_up_to(std::string_view text, std::int64_t step) {
  std::string kept;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) break;
    const std::int64_t row_step = step_of(text.substr(0, end));
    if (row_step >= 0 && row_step <= step) kept += text.substr(0, end + 1);
    text.remove_prefix(end + 1);
  }
  return kept;
}

}  // namespace

TrainLog::TrainLog(std::filesystem::path path, std::int64_t step)
    : path_(std::move(path)), text_(kHeader) {
  if (std::filesystem::exists(path_)) text_ += rows_up_to(read_text(path_), step);
  replace_file(path_, text_);
}

void TrainLog::append(const TrainLogRow& row) {
  text_ += fmt::format("{},{},{:.6f},{:.6f},{:.4f},{:.4f},{:.3f},{}\n", row.epoch, row.step,
                       row.train_loss, row.val_loss, row.val_acc1, row.val_acc5, row.time_s,
                       row.checkpoint_dir);
  replace_file(path_, text_);
}

}  // namespace imgcls::report
