#include <imgcls/core/nan_sign.h>
#include <imgcls/log/progress.h>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

namespace imgcls::report {

std::string clock_text(double seconds) {
  const auto s = static_cast<std::int64_t>(std::llround(std::max(0.0, seconds)));
  if (s >= 3600) return fmt::format("{}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60);
  return fmt::format("{}:{:02}", s / 60, s % 60);
}

namespace {

/// "[=====>    ]", with `width` characters inside.
std::string bar_text(const PhaseStatus& s, int width) {
  const auto filled = static_cast<int>(s.total > 0 ? width * s.done / s.total : 0);
  std::string bar = " [";
  for (int i = 0; i < width; ++i) bar += i < filled ? '=' : (i == filled ? '>' : ' ');
  return bar + ']';
}

/// What follows the phase's name and the bar, the most wanted first.
std::string figures_text(const PhaseStatus& s) {
  std::string line = fmt::format(" {}/{}", s.done, s.total);
  const double rate = s.seconds > 0 ? static_cast<double>(s.images) / s.seconds : 0;
  line += fmt::format("  {:.0f} images/s", rate);
  if (!(s.loss < 0)) line += fmt::format("  loss {:.4f}", without_nan_sign(s.loss));
  if (s.lr >= 0) line += fmt::format("  lr {:.3g}", s.lr);
  if (s.phase_eta_s >= 0) line += fmt::format("  ETA {}", clock_text(s.phase_eta_s));
  if (s.run_eta_s >= 0) line += fmt::format("  run {}", clock_text(s.run_eta_s));
  if (s.data_wait >= 0) line += fmt::format("  data wait {:.0f} %", 100 * s.data_wait);
  if (s.memory_mib >= 0) line += fmt::format("  {:.0f} MiB", s.memory_mib);
  return line;
}

}  // namespace

Progress::Progress(const Log& log, Terminal terminal)
    : log_(log), terminal_(terminal), colours_(std::getenv("NO_COLOR") == nullptr) {}

bool Progress::due() const {
  return terminal_.interactive && (!visible_ || std::chrono::steady_clock::now() - drawn_at_ >=
                                                    std::chrono::milliseconds(100));
}

void Progress::draw(std::string_view phase, const PhaseStatus& status) {
  drawn_at_ = std::chrono::steady_clock::now();
  visible_ = true;
  const auto room = static_cast<std::size_t>(std::max(20, terminal_.columns - 1));
  const std::string figures = figures_text(status);
  const std::size_t words = std::min(room, phase.size() + figures.size());
  const int bar = std::min(static_cast<int>(room - words) - 3, 30);
  // Cut before colours are added: they take no room.
  const std::string rest = ((bar >= 5 ? bar_text(status, bar) : "") + figures)
                               .substr(0, room - std::min(room, phase.size()));
  const std::string_view bold = colours_ ? "\x1b[1;36m" : "", plain = colours_ ? "\x1b[0m" : "";
  show(fmt::format("{}{}{}{}{}", kEraseLine, bold, phase.substr(0, room), plain, rest));
}

void Progress::line(std::string_view phase, const PhaseStatus& status) {
  const std::string line = fmt::format("{}{}", phase, figures_text(status));
  if (terminal_.interactive) {
    log_.file_only(line);
  } else {
    log_.info(line);
  }
}

void Progress::clear() {
  if (!visible_) return;
  show(kEraseLine);
  visible_ = false;
}

}  // namespace imgcls::report
