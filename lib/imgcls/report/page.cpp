#include <imgcls/core/html_text.h>
#include <imgcls/core/utf8.h>
#include <imgcls/report/embedded.h>
#include <imgcls/report/page.h>

#include <map>
#include <string_view>

namespace imgcls::report {
namespace {

using nlohmann::json;

/// The template with values in the places of their names, whatever looks like a name in a value.
std::string filled(std::string_view text, const std::map<std::string_view, std::string>& values) {
  std::string html;
  while (true) {
    const std::size_t open = text.find("{{");
    html += text.substr(0, open);
    if (open == std::string_view::npos) return html;
    const std::size_t close = text.find("}}", open);
    html += values.at(text.substr(open + 2, close - open - 2));
    text.remove_prefix(close + 2);
  }
}

}  // namespace

std::string json_text(const json& value) {
  std::string text;
  for (const char c : value.dump(-1, ' ', false, json::error_handler_t::replace)) {
    if (c == '<') {
      text += "\\u003c";  // only texts have it
    } else {
      text += c;
    }
  }
  return text;
}

std::string page_html(const json& report) {
  const std::string title = to_utf8(report.at("title").get_ref<const std::string&>());
  return filled(kPageHtml, {{"title", html_text(title)},
                            {"connect", report.at("live").is_null() ? "'none'" : "'self'"},
                            {"css", std::string(kPageCss)},
                            {"report", json_text(report)},
                            {"chart_js", std::string(kChartScript)},
                            {"js", std::string(kPageScript)}});
}

}  // namespace imgcls::report
