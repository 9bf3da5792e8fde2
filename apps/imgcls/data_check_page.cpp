#include "data_check_page.h"
#include "data_page.h"
#include "size_histograms.h"

#include <imgcls/core/html_text.h>
#include <imgcls/core/quoted_name.h>

#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace imgcls::cli {
namespace {

using data::DataCheck;
using data::DuplicateGroup;
using data::DuplicateSpread;
using data::HalfContent;
using data::NamedImage;

constexpr std::size_t kNames = 12;     // of a group
constexpr std::size_t kClasses = 100;  // with bars; more would hide the others

constexpr std::string_view kStyle = R"(<style>
h2 { font-size: 17px; margin: 30px 0 10px; }
h3 { font-size: 15px; margin: 0 0 8px; }
p { margin: 6px 0; max-width: 80ch; }
code { font-size: 13px; }
table { border-collapse: collapse; font-size: 14px; }
th, td { padding: 3px 14px 3px 0; text-align: left; vertical-align: top; }
.wide { overflow-x: auto; overflow-wrap: normal; white-space: nowrap; }
.row { display: grid; grid-template-columns: 8.5em 1fr 5em; gap: 8px; font-size: 13px;
  align-items: center; }
.row i { display: block; height: 12px; border-radius: 2px; background: #4a7dbd; }
.row.odd i { background: #c7711e; }
.row span:last-child { text-align: right; }
.several { display: grid; grid-template-columns: repeat(auto-fill, minmax(100px, 1fr)); gap: 8px; }
.none { padding: 24px 4px; text-align: center; color: var(--soft); font-size: 13px; }
</style>
)";

std::string name_text(std::string_view name) {
  return html_text(quote_name(name));
}

std::string half_name(const HalfContent& half) {
  return half.half.name.empty() ? "all" : half.half.name;
}

std::string bar(std::string_view label, std::size_t value, std::size_t most, bool odd = false) {
  const double share =
      most > 0 ? 100.0 * static_cast<double>(value) / static_cast<double>(most) : 0;
  return fmt::format(
      "<div class=\"row{}\"><span>{}</span><i style=\"width:{:.2f}%\"></i><span>{}</span></div>\n",
      odd ? " odd" : "", label, share, value);
}

std::string picture_of(const NamedImage& image) {
  return image.picture.empty() ? "<div class=\"none\">no pixel can be read</div>"
                               : page_picture("jpeg", image.picture, image.name);
}

/// All of them, folded where they are many.
std::string unshared_classes(const DataCheck& check) {
  if (check.unshared_classes.empty()) return "";
  std::string names;
  for (const std::string& name : check.unshared_classes) {
    names += (names.empty() ? "<b>" : ", <b>") + name_text(name) + "</b>";
  }
  const std::size_t count = check.unshared_classes.size();
  return fmt::format(
      "<details{}><summary>Classes that only one part has: {}</summary><p>{}</p></details>\n",
      count <= kNames ? " open" : "", count, names);
}

std::string overview(const DataCheck& check) {
  std::string html =
      "<div class=\"wide\"><table><tr><th>part</th><th>folder</th><th>images</th><th>classes</th>"
      "<th>smallest class</th><th>median</th><th>largest class</th></tr>\n";
  for (const HalfContent& half : check.halves) {
    const auto [least, most] =
        std::minmax_element(half.classes.begin(), half.classes.end(),
                            [](const auto& a, const auto& b) { return a.images < b.images; });
    html += fmt::format(
        "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{} ({})</td><td>{}</td><td>{} ({})"
        "</td></tr>\n",
        html_text(half_name(half)), name_text(half.half.folder.string()), half.images,
        half.classes.size(), least->images, name_text(least->name), half.median, most->images,
        name_text(most->name));
  }
  html += "</table></div>\n";
  if (check.checked < check.images) {
    html +=
        fmt::format("<p>{} of {} images were looked at; what the others hold is not known.</p>\n",
                    check.checked, check.images);
  }
  for (const HalfContent& half : check.halves) {
    for (const std::string& remark : half.remarks) html += "<p>" + html_text(remark) + "</p>\n";
  }
  return html + unshared_classes(check);
}

std::string broken(const DataCheck& check) {
  std::string html =
      fmt::format("<h2>Files that cannot be decoded: {}</h2>\n", check.broken.size());
  if (check.broken.empty()) return html;
  html += "<main>\n";
  for (const data::BrokenFile& file : check.broken) {
    html += fmt::format("<figure>{}<figcaption><b>{}</b> · {}<br>{}</figcaption></figure>\n",
                        picture_of(file.image), name_text(file.image.label),
                        name_text(file.image.name), html_text(quote_name(file.reason)));
  }
  return html + "</main>\n";
}

std::string figure(const DuplicateGroup& group) {
  std::string html = "<figure><div class=\"several\">";
  for (const NamedImage& image : group.images) {
    if (!image.picture.empty()) html += picture_of(image);
  }
  html += fmt::format("</div><figcaption>{} images, {}", group.images.size(),
                      group.same_bytes ? "the same bytes" : "the same pixels in different files");
  for (std::size_t i = 0; i < std::min(kNames, group.images.size()); ++i) {
    html += fmt::format("<br><b>{}</b> · {}", name_text(group.images[i].label),
                        name_text(group.images[i].name));
  }
  if (group.images.size() > kNames) {
    html += fmt::format("<br>and {} more", group.images.size() - kNames);
  }
  return html + "</figcaption></figure>\n";
}

std::string duplicates(const DataCheck& check, DuplicateSpread spread) {
  std::string html;
  std::size_t groups = 0;
  for (const DuplicateGroup& group : check.duplicates) {
    if (group.spread != spread) continue;
    ++groups;
    html += figure(group);
  }
  std::string text = fmt::format("<h2>Groups of {}: {}</h2>\n", spread_text(spread), groups);
  return groups == 0 ? text : text + "<main>\n" + html + "</main>\n";
}

/// The classes of a half; where there are many, those that are out of balance.
std::string class_bars(const HalfContent& half) {
  const std::vector<data::ClassSize> odd = half.out_of_balance();
  const bool all = half.classes.size() <= kClasses;
  const std::vector<data::ClassSize>& shown = all ? half.classes : odd;
  std::size_t most = 0;
  for (const data::ClassSize& one : half.classes) most = std::max(most, one.images);
  std::string html = fmt::format("<figure><h3>{}: {} of {} classes are out of balance</h3>\n",
                                 html_text(half_name(half)), odd.size(), half.classes.size());
  for (std::size_t i = 0; i < std::min(kClasses, shown.size()); ++i) {
    const bool is_odd = std::any_of(odd.begin(), odd.end(),
                                    [&](const auto& one) { return one.name == shown[i].name; });
    html += bar(name_text(shown[i].name), shown[i].images, most, is_odd);
  }
  if (shown.size() > kClasses) html += fmt::format("<p>and {} more</p>", shown.size() - kClasses);
  return html + "</figure>\n";
}

std::string histograms(const DataCheck& check) {
  if (check.sizes.empty()) return {};
  std::string html = "<h2>Sizes</h2>\n<main>\n";
  for (const Histogram& histogram : size_histograms(check.sizes)) {
    std::size_t most = 0;
    for (const Bin& bin : histogram.bins) most = std::max(most, bin.images);
    html += fmt::format("<figure><h3>{}: {} to {}, median {}</h3>\n", histogram.title,
                        histogram.least, histogram.most, histogram.median);
    for (const Bin& bin : histogram.bins) html += bar(bin.label, bin.images, most);
    html += "</figure>\n";
  }
  return html + "</main>\n";
}

}  // namespace

std::string_view spread_text(DuplicateSpread spread) {
  switch (spread) {
    case DuplicateSpread::one_class:
      return "the same image in one class";
    case DuplicateSpread::several_classes:
      return "the same image in several classes";
    case DuplicateSpread::several_halves:
      break;
  }
  return "the same image in training and evaluation";
}

std::string normalization_text(const DataCheck& check) {
  const auto text = [](const data::Channels& values) {
    return fmt::format("[{:.4f},{:.4f},{:.4f}]", values[0], values[1], values[2]);
  };
  return fmt::format("data.mean={} data.std={}", text(check.mean), text(check.std));
}

std::string check_page(const DataCheck& check, std::string_view root) {
  std::string html = page_head(fmt::format("{}: {} images", quote_name(root), check.images));
  html += kStyle;
  html += overview(check) + broken(check);
  for (const auto spread : {DuplicateSpread::several_halves, DuplicateSpread::several_classes,
                            DuplicateSpread::one_class}) {
    if (spread != DuplicateSpread::several_halves || check.halves.size() > 1) {
      html += duplicates(check, spread);
    }
  }
  html +=
      "<h2>Images of each class</h2>\n<p>Out of balance is a class of fewer than half or more than "
      "twice as many images as the median.</p>\n<main>\n";
  for (const HalfContent& half : check.halves) html += class_bars(half);
  html += "</main>\n" + histograms(check);
  html += fmt::format(
      "<h2>Colours</h2>\n<p>Of {}, each image counting as much as any other:</p>\n"
      "<p><code>{}</code></p>\n</html>\n",
      check.halves.size() > 1 ? "the training images" : "the images", normalization_text(check));
  return html;
}

}  // namespace imgcls::cli
