#include <imgcls/core/text.h>
#include <imgcls/data/member_name.h>

#include <algorithm>

namespace imgcls::data {
namespace {

bool is_meta(std::string_view part) {
  constexpr std::string_view kMark = "__";
  return part.size() >= 2 * kMark.size() && part.starts_with(kMark) && part.ends_with(kMark);
}

}  // namespace

bool belongs_to_no_sample(std::string_view part) {
  return part.starts_with('.') || part == "__MACOSX";
}

std::optional<MemberName> split_member_name(std::string_view name) {
  if (is_meta(name.substr(0, name.find('/')))) return std::nullopt;
  std::size_t part = 0;
  for (std::size_t slash = 0; slash != std::string_view::npos; part = slash + 1) {
    slash = name.find('/', part);
    const std::string_view text = name.substr(part, slash - part);
    if (belongs_to_no_sample(text)) return std::nullopt;
    if (slash == std::string_view::npos) break;
  }
  const std::size_t dot = name.find('.', part);
  if (dot == std::string_view::npos) return std::nullopt;
  return MemberName{name.substr(0, dot), lower_case(name.substr(dot + 1))};
}

std::vector<std::string> image_extensions(std::string_view image_key) {
  std::vector<std::string> extensions;
  while (!image_key.empty()) {
    const std::size_t end = std::min(image_key.find(';'), image_key.size());
    if (end > 0) extensions.push_back(lower_case(image_key.substr(0, end)));
    image_key.remove_prefix(std::min(end + 1, image_key.size()));
  }
  return extensions;
}

}  // namespace imgcls::data
