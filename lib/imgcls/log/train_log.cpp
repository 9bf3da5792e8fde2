#include <imgcls/core/file.h>
#include <imgcls/core/nan_sign.h>
#include <imgcls/log/csv_rows.h>
#include <imgcls/log/train_log.h>

#include <fmt/format.h>

#include <string_view>

namespace imgcls::report {
namespace {

constexpr std::string_view kHeader =
    "epoch,step,train_loss,val_loss,val_acc1,val_acc5,time,checkpoint_dir\n";
constexpr std::size_t kStepColumn = 1;

}  // namespace

TrainLog::TrainLog(std::filesystem::path path, std::int64_t step)
    : path_(std::move(path)), text_(kHeader) {
  if (std::filesystem::exists(path_)) text_ += rows_up_to(read_text(path_), kStepColumn, step);
  replace_file(path_, text_);
}

void TrainLog::append(const TrainLogRow& row) {
  text_ += fmt::format("{},{},{:.6f},{:.6f},{:.4f},{:.4f},{:.3f},{}\n", row.epoch, row.step,
                       row.train_loss, without_nan_sign(row.val_loss), row.val_acc1, row.val_acc5,
                       row.time_s, row.checkpoint_dir);
  retry();
}

void TrainLog::retry() {
  replace_file(path_, text_);
}

}  // namespace imgcls::report
