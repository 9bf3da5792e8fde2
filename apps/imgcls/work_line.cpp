#include "work_line.h"

#include <imgcls/core/log.h>
#include <imgcls/log/progress.h>

#include <fmt/format.h>

#include <array>

namespace imgcls::cli {
namespace {

constexpr std::chrono::seconds kBetweenLines(30);  // where no terminal is

}  // namespace

std::string bytes_text(std::uint64_t bytes) {
  constexpr std::array<std::string_view, 5> kUnits{"B", "kB", "MB", "GB", "TB"};
  auto value = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (value >= 999.5 && unit + 1 < kUnits.size()) {
    value /= 1000;
    ++unit;
  }
  return unit == 0 ? fmt::format("{} B", bytes) : fmt::format("{:.3g} {}", value, kUnits[unit]);
}

WorkLine::WorkLine(std::string_view what, std::string_view unit) : what_(what), unit_(unit) {}

WorkLine::~WorkLine() {
  if (visible_) report::show(report::kEraseLine);
}

double WorkLine::seconds() const {
  return std::chrono::duration<double>(Clock::now() - start_).count();
}

std::string WorkLine::text(const data::WorkStatus& status) const {
  const double rate = static_cast<double>(status.done) / seconds();
  std::string line = fmt::format(
      "{} {}/{} {}  {:.0f}/s  {}  {}/s", what_, status.done, status.total, unit_, rate,
      bytes_text(status.bytes),
      bytes_text(static_cast<std::uint64_t>(static_cast<double>(status.bytes) / seconds())));
  if (rate > 0) {
    const auto left = static_cast<double>(status.total - status.done);
    line += fmt::format("  ETA {}", report::clock_text(left / rate));
  }
  return line;
}

bool WorkLine::show(const data::WorkStatus& status) {
  last_ = status;
  if (terminal_.interactive) {
    const auto room = static_cast<std::size_t>(terminal_.columns > 1 ? terminal_.columns - 1 : 1);
    report::show(fmt::format("{}{}", report::kEraseLine, text(status).substr(0, room)));
    visible_ = true;
  } else if (Clock::now() - shown_ >= kBetweenLines) {
    shown_ = Clock::now();
    Log().info(text(status));
  }
  return signals_.received() == 0;
}

std::string WorkLine::summary() const {
  return fmt::format("{} {} in {}, {:.0f}/s, {}", last_.done, unit_, report::clock_text(seconds()),
                     static_cast<double>(last_.done) / seconds(), bytes_text(last_.bytes));
}

}  // namespace imgcls::cli
