#include <imgcls/core/error.h>
#include <imgcls/core/file.h>
#include <imgcls/report/csv_rows.h>
#include <imgcls/report/sample_log.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <string_view>

namespace imgcls::report {
namespace {

constexpr std::string_view kHeader = "step,epoch,samples\n";
constexpr std::size_t kStepColumn = 0;

}  // namespace

SampleLog::SampleLog(std::filesystem::path path, std::int64_t step) : path_(std::move(path)) {
  std::string text(kHeader);
  if (std::filesystem::exists(path_)) text += rows_up_to(read_text(path_), kStepColumn, step);
  replace_file(path_, text);
  file_.open(path_, std::ios::app);
}

void SampleLog::append(std::int64_t step, std::int64_t epoch, std::span<const std::string> shares) {
  file_ << fmt::format("{},{},{}\n", step, epoch, fmt::join(shares, " ")) << std::flush;
  if (!file_) throw IoError(fmt::format("cannot write step {} to {}", step, path_.string()));
}

}  // namespace imgcls::report
