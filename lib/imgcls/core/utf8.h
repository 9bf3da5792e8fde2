#pragma once
// Text for formats that hold UTF-8 alone: file names and arguments may be any bytes.

#include <string>
#include <string_view>

namespace imgcls {

/// `text` with U+FFFD in the place of what is not UTF-8.
std::string to_utf8(std::string_view text);

bool is_utf8(std::string_view text);  ///< whether to_utf8 would leave it as it is

}  // namespace imgcls
