#pragma once
// Regular expressions that choose parameters by name. Internal to imgcls::optim.

#include <regex>
#include <string>
#include <string_view>

namespace imgcls::optim {

/// The compiled expression (ECMAScript). Throws ConfigError naming `key` where it is broken.
std::regex pattern(const std::string& text, std::string_view key);

}  // namespace imgcls::optim
