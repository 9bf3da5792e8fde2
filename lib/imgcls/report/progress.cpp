#include <imgcls/report/progress.h>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace imgcls::report {

std::string clock_text(double seconds) {
  const auto s = static_cast<std::int64_t>(std::llround(std::max(0.0, seconds)));
  if (s >= 3600) return fmt::format("{}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60);
  return fmt::format("{}:{:02}", s / 60, s % 60);
}

Progress::Progress(const Log& log, Terminal terminal) : log_(log), terminal_(terminal) {}

std::string Progress::text(std::string_view phase, const PhaseStatus& s, int bar) const {
  std::string line(phase);
  if (bar > 0) {
    const auto filled = static_cast<int>(s.total > 0 ? bar * s.done / s.total : 0);
    line += " [";
    for (int i = 0; i < bar; ++i) line += i < filled ? '=' : (i == filled ? '>' : ' ');
    line += ']';
  }
  line += fmt::format(" {}/{}", s.done, s.total);
  const double rate = s.seconds > 0 ? static_cast<double>(s.images) / s.seconds : 0;
  line += fmt::format("  {:.0f} images/s", rate);
  if (s.loss >= 0) line += fmt::format("  loss {:.4f}", s.loss);
  if (s.lr >= 0) line += fmt::format("  lr {:.3g}", s.lr);
  if (s.run_eta_s >= 0) line += fmt::format("  ETA {}", clock_text(s.run_eta_s));
  return line;
}

bool Progress::due() const {
  return terminal_.interactive && (!visible_ || std::chrono::steady_clock::now() - drawn_at_ >=
                                                    std::chrono::milliseconds(100));
}

void Progress::draw(std::string_view phase, const PhaseStatus& status) {
  drawn_at_ = std::chrono::steady_clock::now();
  visible_ = true;
  const auto room = static_cast<std::size_t>(std::max(20, terminal_.columns - 1));
  const int bar =
      std::clamp(static_cast<int>(room - std::min(room, text(phase, status, 0).size())) - 3, 0, 30);
  const std::string line = text(phase, status, bar >= 5 ? bar : 0).substr(0, room);
  fmt::print(stderr, "\r\x1b[K{}", line);
  std::fflush(stderr);
}

void Progress::line(std::string_view phase, const PhaseStatus& status) {
  const std::string line = text(phase, status, 0);
  if (terminal_.interactive) {
    log_.file_only(line);
  } else {
    log_.info(line);
  }
}

void Progress::clear() {
  if (!visible_) return;
  fmt::print(stderr, "\r\x1b[K");
  std::fflush(stderr);
  visible_ = false;
}

}  // namespace imgcls::report
