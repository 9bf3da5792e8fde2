#include "data_page.h"

#include <imgcls/core/base64.h>
#include <imgcls/core/html_text.h>

#include <fmt/format.h>

#include <span>
#include <string_view>

namespace imgcls::cli {
namespace {

constexpr std::string_view kHead = R"(<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{0}</title>
<style>
:root {{ color-scheme: light dark; --page: #f7f8fa; --card: #fff; --text: #16191f; --soft: #5a6372;
  --line: #e1e5eb; }}
@media (prefers-color-scheme: dark) {{ :root {{ --page: #111418; --card: #191d23; --text: #e8ebf0;
  --soft: #a0a9b7; --line: #2b313a; }} }}
* {{ box-sizing: border-box; }}
body {{ margin: 0; padding: 24px; background: var(--page); color: var(--text);
  font: 15px/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }}
h1 {{ font-size: 22px; margin: 0 0 18px; }}
main {{ display: grid; gap: 14px; grid-template-columns: repeat(auto-fill, minmax(280px, 1fr)); }}
figure {{ margin: 0; padding: 12px; background: var(--card); border: 1px solid var(--line);
  border-radius: 8px; }}
.pair {{ display: grid; grid-template-columns: 1fr 1fr; gap: 8px; align-items: center; }}
img {{ width: 100%; max-height: 200px; object-fit: contain; image-rendering: auto; }}
figcaption {{ margin-top: 8px; font-size: 13px; color: var(--soft); }}
figcaption b {{ color: var(--text); font-weight: 600; }}
</style>
<h1>{0}</h1>
)";

}  // namespace

std::string page_head(std::string_view title) {
  return fmt::format(kHead, html_text(title));
}

std::string page_picture(std::string_view type, const std::vector<std::byte>& file,
                         std::string_view what) {
  return fmt::format("<img alt=\"{}\" src=\"data:image/{};base64,{}\">", html_text(what), type,
                     base64(std::span(file)));
}

DataPage::DataPage(const std::string& title) : html_(page_head(title) + "<main>\n") {}

void DataPage::add(const ShownImage& image) {
  html_ += fmt::format(
      "<figure><div class=\"pair\">{}{}</div><figcaption><b>{}</b> · {}<br>{}</figcaption>"
      "</figure>\n",
      page_picture("jpeg", image.before, "the image in the data set"),
      page_picture("png", image.after, "as it reaches the network"), html_text(image.label),
      html_text(image.name), html_text(image.told));
}

std::string DataPage::html() const {
  return html_ + "</main>\n</html>\n";
}

}  // namespace imgcls::cli
