#include <imgcls/data/member_name.h>

#include <algorithm>
#include <cctype>

namespace imgcls::data {
namespace {

std::string lower(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return result;
}

bool is_meta(std::string_view part) {
  constexpr std::string_view kMark = "__";
  return part.size() >= 2 * kMark.size() && part.starts_with(kMark) && part.ends_with(kMark);
}

}  // namespace

std::optional<MemberName> split_member_name(std::string_view name) {
  if (is_meta(name.substr(0, name.find('/')))) return std::nullopt;
  std::size_t part = 0;
  for (std::size_t slash = 0; slash != std::string_view::npos; part = slash + 1) {
    slash = name.find('/', part);
    const std::string_view text = name.substr(part, slash - part);
    if (text.starts_with('.') || text == "__MACOSX") return std::nullopt;
    if (slash == std::string_view::npos) break;
  }
  const std::size_t dot = name.find('.', part);
  if (dot == std::string_view::npos) return std::nullopt;
  return MemberName{name.substr(0, dot), lower(name.substr(dot + 1))};
}

std::vector<std::string> image_extensions(std::string_view image_key) {
  std::vector<std::string> extensions;
  while (!image_key.empty()) {
    const std::size_t end = std::min(image_key.find(';'), image_key.size());
    if (end > 0) extensions.push_back(lower(image_key.substr(0, end)));
    image_key.remove_prefix(std::min(end + 1, image_key.size()));
  }
  return extensions;
}

}  // namespace imgcls::data
