#include <imgcls/log/sample_log.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace imgcls::report {

SampleLog::SampleLog(const std::filesystem::path& path, std::int64_t step)
    : file_(path, "step,epoch,samples\n", /*step_column=*/0, step) {}

void SampleLog::append(std::int64_t step, std::int64_t epoch, std::span<const std::string> shares) {
  file_.append(fmt::format("{},{},{}\n", step, epoch, fmt::join(shares, " ")));
}

}  // namespace imgcls::report
