#pragma once
// Texts, line by line and letter by letter, as files and names are read.

#include <string>
#include <string_view>

namespace imgcls {

/// Takes the first line off `text`, which is not empty: without its end, LF or CR LF.
std::string_view take_line(std::string_view& text);

/// `text` with ASCII's capitals in lower case.
std::string lower_case(std::string_view text);

}  // namespace imgcls
