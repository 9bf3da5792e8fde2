#include <imgcls/core/error.h>
#include <imgcls/report/axis.h>
#include <imgcls/report/plot.h>

#include <cairo.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <memory>
#include <numbers>

namespace imgcls::report {
namespace {

constexpr int kWidth = 1600, kHeight = 1000;
constexpr double kLeft = 150, kRight = 60, kTop = 110, kBottom = 130;
constexpr double kTextSize = 27;

struct Colour {
  double red, green, blue;
};

constexpr Colour kText{0.09, 0.10, 0.12}, kSoft{0.35, 0.39, 0.45}, kGrid{0.89, 0.91, 0.93};

// After Okabe and Ito; the page has the same.
constexpr std::array<Colour, 7> kColours{{{0.04, 0.44, 0.72},
                                          {0.79, 0.32, 0.05},
                                          {0.00, 0.50, 0.37},
                                          {0.66, 0.27, 0.49},
                                          {0.54, 0.42, 0.00},
                                          {0.36, 0.33, 0.77},
                                          {0.29, 0.33, 0.38}}};

// Lengths drawn and left out, in turn; zeros end them.
constexpr std::array<std::array<double, 4>, 5> kDashes{
    {{0, 0, 0, 0}, {18, 9, 0, 0}, {5, 8, 0, 0}, {22, 8, 5, 8}, {10, 5, 0, 0}}};

class Picture {
 public:
  Picture(Axis x, Axis y)
      : surface_(cairo_image_surface_create(CAIRO_FORMAT_RGB24, kWidth, kHeight)),
        cairo_(cairo_create(surface_.get())),
        x_(std::move(x)),
        y_(std::move(y)) {
    colour({1, 1, 1});
    cairo_paint(cairo());
    cairo_set_line_join(cairo(), CAIRO_LINE_JOIN_ROUND);
    font(kTextSize, false);
  }

  void frame(const Plot& plot) {
    for (const double tick : y_.ticks) {
      segment(kLeft, down(tick), kWidth - kRight, down(tick), kGrid);
      text(tick_text(tick, y_.digits), kLeft - 18, down(tick) + 9, 1, kSoft);
    }
    segment(kLeft, kHeight - kBottom, kWidth - kRight, kHeight - kBottom, kSoft);
    for (const double tick : x_.ticks) {
      segment(across(tick), kHeight - kBottom, across(tick), kHeight - kBottom + 9, kSoft);
      text(tick_text(tick, x_.digits), across(tick), kHeight - kBottom + 44, 0.5, kSoft);
    }
    text(plot.x_label, (kLeft + kWidth - kRight) / 2, kHeight - 32, 0.5, kText);
    cairo_save(cairo());
    cairo_translate(cairo(), 46, (kTop + kHeight - kBottom) / 2);
    cairo_rotate(cairo(), -std::numbers::pi / 2);
    text(plot.y_label, 0, 0, 0.5, kText);
    cairo_restore(cairo());
    font(34, true);
    text(plot.title, kLeft, 62, 0, kText);
    font(kTextSize, false);
  }

  void band(const PlotLine& line, std::size_t place) {
    clip();
    for (std::size_t i = 1; i < line.points.size(); ++i) {  // a piece at a time: some have no band
      const PlotPoint &a = line.points[i - 1], &b = line.points[i];
      if (!std::isfinite(a.band) || !std::isfinite(b.band)) continue;
      cairo_move_to(cairo(), across(a.x), down(a.y + a.band));
      cairo_line_to(cairo(), across(b.x), down(b.y + b.band));
      cairo_line_to(cairo(), across(b.x), down(b.y - b.band));
      cairo_line_to(cairo(), across(a.x), down(a.y - a.band));
      cairo_close_path(cairo());
    }
    colour(kColours[place % kColours.size()], 0.18);
    // Neighbouring pieces share edges, which are to show no seam.
    cairo_set_fill_rule(cairo(), CAIRO_FILL_RULE_WINDING);
    cairo_fill(cairo());
    cairo_restore(cairo());
  }

  void curve(const PlotLine& line, std::size_t place) {
    clip();
    for (const PlotPoint& point : line.points)
      cairo_line_to(cairo(), across(point.x), down(point.y));
    stroke(place);
    cairo_restore(cairo());
    constexpr std::size_t kFew = 40;
    if (line.points.size() > kFew) return;
    colour(kColours[place % kColours.size()]);
    for (const PlotPoint& point : line.points) {
      cairo_arc(cairo(), across(point.x), down(point.y), 5.5, 0, 2 * std::numbers::pi);
      cairo_fill(cairo());
    }
  }

  /// In the lower right corner, which curves that rise leave free, or the upper one.
  void legend(std::span<const PlotLine> lines, bool below) {
    constexpr double kRow = 44, kSample = 70, kPad = 22;
    double widest = 0;
    for (const PlotLine& line : lines) widest = std::max(widest, width(line.label));
    const double height = kRow * static_cast<double>(lines.size()) + kPad;
    const double left = kWidth - kRight - widest - kSample - 3 * kPad;
    const double top = below ? kHeight - kBottom - height - 24 : kTop + 24;
    cairo_rectangle(cairo(), left, top, widest + kSample + 2.6 * kPad, height);
    colour({1, 1, 1}, 0.88);
    cairo_fill_preserve(cairo());
    cairo_set_line_width(cairo(), 1.5);
    colour(kGrid);
    cairo_stroke(cairo());
    for (std::size_t i = 0; i < lines.size(); ++i) {
      const double y = top + kPad / 2 + kRow * (static_cast<double>(i) + 0.5);
      cairo_move_to(cairo(), left + kPad, y);
      cairo_line_to(cairo(), left + kPad + kSample, y);
      stroke(i);
      text(lines[i].label, left + 1.6 * kPad + kSample, y + 9, 0, kText);
    }
  }

  void text(const std::string& words, double x, double y, double align, Colour tone) {
    colour(tone);
    cairo_move_to(cairo(), x - align * width(words), y);
    cairo_show_text(cairo(), words.c_str());
  }

  void write(const std::filesystem::path& png) {
    cairo_surface_flush(surface_.get());
    const cairo_status_t status = cairo_surface_write_to_png(surface_.get(), png.c_str());
    if (status == CAIRO_STATUS_SUCCESS) return;
    throw IoError(fmt::format("cannot write {}: {}", png.string(), cairo_status_to_string(status)));
  }

 private:
  template <auto function>
  struct By {
    template <typename T>
    void operator()(T* pointer) const {
      function(pointer);
    }
  };

  cairo_t* cairo() const { return cairo_.get(); }
  double across(double x) const {
    return kLeft + (x - x_.low) / (x_.high - x_.low) * (kWidth - kLeft - kRight);
  }
  double down(double y) const {
    return kHeight - kBottom - (y - y_.low) / (y_.high - y_.low) * (kHeight - kTop - kBottom);
  }
  void colour(Colour tone, double alpha = 1) {
    cairo_set_source_rgba(cairo(), tone.red, tone.green, tone.blue, alpha);
  }
  void font(double size, bool bold) {
    cairo_select_font_face(cairo(), "sans-serif", CAIRO_FONT_SLANT_NORMAL,
                           bold ? CAIRO_FONT_WEIGHT_BOLD : CAIRO_FONT_WEIGHT_NORMAL);
    cairo_set_font_size(cairo(), size);
  }
  double width(const std::string& words) const {
    cairo_text_extents_t extents;
    cairo_text_extents(cairo(), words.c_str(), &extents);
    return extents.x_advance;
  }
  void segment(double x0, double y0, double x1, double y1, Colour tone) {
    cairo_move_to(cairo(), x0, y0);
    cairo_line_to(cairo(), x1, y1);
    cairo_set_line_width(cairo(), 1.5);
    colour(tone);
    cairo_stroke(cairo());
  }
  void stroke(std::size_t place) {
    const std::array<double, 4>& dash = kDashes[place % kDashes.size()];
    const auto lengths = static_cast<int>(std::find(dash.begin(), dash.end(), 0) - dash.begin());
    cairo_set_dash(cairo(), dash.data(), lengths, 0);
    cairo_set_line_width(cairo(), 4);
    colour(kColours[place % kColours.size()]);
    cairo_stroke(cairo());
    cairo_set_dash(cairo(), nullptr, 0, 0);
  }
  void clip() {
    cairo_save(cairo());
    cairo_rectangle(cairo(), kLeft, kTop, kWidth - kLeft - kRight, kHeight - kTop - kBottom);
    cairo_clip(cairo());
  }

  std::unique_ptr<cairo_surface_t, By<cairo_surface_destroy>> surface_;
  std::unique_ptr<cairo_t, By<cairo_destroy>> cairo_;
  Axis x_, y_;
};

struct Range {
  double low = std::numeric_limits<double>::infinity();
  double high = -std::numeric_limits<double>::infinity();

  void take(double value) {
    low = std::min(low, value);
    high = std::max(high, value);
  }
};

std::vector<PlotLine> lines_with_numbers(const Plot& plot) {
  std::vector<PlotLine> lines = plot.lines;
  for (PlotLine& line : lines) {
    std::erase_if(line.points, [](const PlotPoint& point) {
      return !std::isfinite(point.x) || !std::isfinite(point.y);
    });
  }
  return lines;
}

}  // namespace

void write_plot(const Plot& plot, const std::filesystem::path& png) {
  const std::vector<PlotLine> lines = lines_with_numbers(plot);
  Range x, y;
  double first = 0, last = 0;
  for (const PlotLine& line : lines) {
    for (const PlotPoint& point : line.points) {
      const double band = std::isfinite(point.band) ? point.band : 0;
      x.take(point.x);
      y.take(std::max(plot.least, point.y - band));
      y.take(std::min(plot.most, point.y + band));
    }
    if (line.points.empty()) continue;
    first += line.points.front().y;
    last += line.points.back().y;
  }
  const bool any = x.high >= x.low;
  if (!any) x = {0, 1}, y = {0, 1};
  Axis vertical = make_axis(y.low, y.high, 6, true);
  Picture picture(make_axis(std::min(0.0, x.low), x.high, 8, false), std::move(vertical));
  picture.frame(plot);
  if (!any) {
    picture.text("nothing to draw yet", (kLeft + kWidth - kRight) / 2, kHeight / 2.0, 0.5, kSoft);
  }
  for (std::size_t i = 0; i < lines.size(); ++i) picture.band(lines[i], i);
  for (std::size_t i = 0; i < lines.size(); ++i) picture.curve(lines[i], i);
  if (any) picture.legend(lines, last >= first);
  picture.write(png);
}

}  // namespace imgcls::report
