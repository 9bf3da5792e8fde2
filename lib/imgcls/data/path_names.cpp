#include <imgcls/data/path_names.h>

#include <cstddef>

namespace imgcls::data {

bool is_safe_name(std::string_view name) {
  constexpr std::size_t kLongest = 4096;
  if (name.size() > kLongest || name.find('\0') != std::string_view::npos) return false;
  for (;;) {
    const std::size_t end = name.find('/');
    const std::string_view part = name.substr(0, end);
    if (part.empty() || part == "." || part == "..") return false;
    if (end == std::string_view::npos) return true;
    name.remove_prefix(end + 1);
  }
}

}  // namespace imgcls::data
