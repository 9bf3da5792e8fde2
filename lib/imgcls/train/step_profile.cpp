#include <imgcls/core/error.h>
#include <imgcls/core/file.h>
#include <imgcls/dist/step_ranges.h>
#include <imgcls/train/step_profile.h>

#include <fmt/format.h>
#include <torch/csrc/autograd/profiler_kineto.h>

#include <charconv>
#include <cstdlib>
#include <set>
#include <unordered_set>
#include <utility>

namespace imgcls::train {
namespace {

namespace profiler = torch::autograd::profiler;
using torch::profiler::impl::ActivityType;

struct Part {
  const char* name;
  double StepTimes::*seconds;
};

constexpr std::array kParts{
    Part{ranges::kDataWait, &StepTimes::data_wait}, Part{ranges::kInput, &StepTimes::input},
    Part{ranges::kForward, &StepTimes::forward},    Part{ranges::kBackward, &StepTimes::backward},
    Part{ranges::kNorm, &StepTimes::gradient_norm}, Part{ranges::kOptimizer, &StepTimes::optimizer},
    Part{ranges::kReduce, &StepTimes::reduce},      Part{ranges::kStep, &StepTimes::step}};

StepTimes sum_ranges(const profiler::ProfilerResult& result) {
  StepTimes times;
  for (const profiler::KinetoEvent& event : result.events()) {
    if (event.scope() != static_cast<std::uint8_t>(at::RecordScope::USER_SCOPE)) continue;
    const std::string name = event.name();
    for (const Part& part : kParts) {
      if (name == part.name) times.*part.seconds += 1e-9 * static_cast<double>(event.durationNs());
    }
    times.steps += name == ranges::kStep ? 1 : 0;
  }
  return times;
}

void save(profiler::ProfilerResult& result, const std::filesystem::path& path) {
  make_folders(path.parent_path());
  std::filesystem::path temporary = path;
  temporary += ".tmp.json";  // the profiler asks for the ending
  result.save(temporary.string());
  std::error_code error;
  std::filesystem::rename(temporary, path, error);
  if (error) {
    throw IoError(fmt::format("cannot write the profile {}: {}", path.string(), error.message()));
  }
}

}  // namespace

StepTimes mean(StepTimes mine, dist::World& world) {
  std::array<double, kParts.size()> sums{};
  for (std::size_t i = 0; i < kParts.size(); ++i) sums[i] = mine.*kParts[i].seconds;
  world.sum(sums);
  for (std::size_t i = 0; i < kParts.size(); ++i) mine.*kParts[i].seconds = sums[i] / world.size();
  return mine;
}

std::vector<std::string> table(const StepTimes& times) {
  std::vector<std::string> lines{"| part | ms a step | of the step |", "| --- | --- | --- |"};
  const double steps = static_cast<double>(times.steps);
  const auto add = [&](std::string_view name, double seconds) {
    lines.push_back(fmt::format("| {} | {:.2f} | {:.1f} % |", name, 1e3 * seconds / steps,
                                100 * seconds / times.step));
  };
  if (times.steps == 0) return lines;
  for (const Part& part : kParts) {
    const bool optional = part.seconds == &StepTimes::gradient_norm;
    const bool apart = part.seconds == &StepTimes::reduce || part.seconds == &StepTimes::step;
    if (!apart && !(optional && times.*part.seconds == 0)) add(part.name, times.*part.seconds);
  }
  add("other", times.other());
  add("step", times.step);
  if (times.reduce > 0) add("reduce, beside the backward pass", times.reduce);
  return lines;
}

StepProfiler::StepProfiler(Detail detail, bool cuda) : detail_(detail), cuda_(cuda) {}

StepProfiler::~StepProfiler() {
  if (running_) profiler::disableProfiler();
}

void StepProfiler::start() {
  using namespace torch::profiler::impl;
  // Kineto announces itself, and complains on machines without a GPU. It looks at this when it is
  // first used, and has no other way to be told.
  ::setenv("KINETO_LOG_LEVEL", "99", /*overwrite=*/0);
  const ProfilerConfig config(ProfilerState::KINETO);
  std::set<ActivityType> activities{ActivityType::CPU};
  if (cuda_ && detail_ == Detail::everything) activities.insert(ActivityType::CUDA);
  std::unordered_set<at::RecordScope> scopes;  // empty: all
  if (detail_ == Detail::ranges) scopes.insert(at::RecordScope::USER_SCOPE);
  profiler::prepareProfiler(config, activities);
  profiler::enableProfiler(config, activities, scopes);
  running_ = true;
}

StepTimes StepProfiler::stop(const std::filesystem::path& trace) {
  running_ = false;
  const auto result = profiler::disableProfiler();
  if (!trace.empty()) save(*result, trace);
  return sum_ranges(*result);
}

StepSpan parse_step_span(std::string_view text) {
  if (text.empty()) return {};
  const char* const end = text.data() + text.size();
  StepSpan span;
  auto parsed = std::from_chars(text.data(), end, span.first);
  span.last = span.first;
  if (parsed.ec == std::errc() && parsed.ptr != end && *parsed.ptr == '-') {
    parsed = std::from_chars(parsed.ptr + 1, end, span.last);
  }
  if (parsed.ec != std::errc() || parsed.ptr != end || span.first < 1 || span.last < span.first) {
    throw ConfigError(
        fmt::format("must be steps of the run from 1, FIRST-LAST such as 66-74, not \"{}\"", text));
  }
  return span;
}

}  // namespace imgcls::train
