#pragma once
// Texts of users, as they may stand in a page.

#include <string>
#include <string_view>

namespace imgcls {

/// `text` with what HTML gives a meaning written out: &, <, > and ". For elements and for
/// attributes in double quotes.
std::string html_text(std::string_view text);

}  // namespace imgcls
