#include <imgcls/core/nan_sign.h>
#include <imgcls/log/step_log.h>

#include <fmt/format.h>

#include <string>

namespace imgcls::report {

namespace {

std::string header() {
  std::string line = "step,epoch,time";
  for (const StepFigure& figure : kStepFigures) line += fmt::format(",{}", figure.name);
  return line + "\n";
}

}  // namespace

StepLog::StepLog(const std::filesystem::path& path, std::int64_t step)
    : file_(path, header(), /*step_column=*/0, step) {}

void StepLog::append(const StepRow& row) {
  std::string line = fmt::format("{},{},{:.3f}", row.step, row.epoch, row.time_s);
  for (const StepFigure& figure : kStepFigures) {
    line += ',';
    line += fmt::format(fmt::runtime(figure.format), without_nan_sign(row.*figure.value));
  }
  file_.append(line + "\n");
}

}  // namespace imgcls::report
