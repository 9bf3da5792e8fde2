#pragma once
// Names that may hold any byte, such as class folders', in text files, tables and messages.

#include <string>
#include <string_view>

namespace imgcls {

/// `name` as it stands where a line is a name, and where people read it: itself, unless a line
/// cannot hold it or a terminal would not show it. A name with control characters, line separators
/// or bytes that are not UTF-8 stands as bash reads and `ls` writes it, $'two\nlines': in it are
/// \n, \r, \t, \\, \' and \xHH for any other byte. So does a name that begins with $' or with a
/// byte order mark, so that `unquote_name` gives back every name.
std::string quote_name(std::string_view name);

/// The name that stands as `text`. What has no such form, as in files that were written before
/// there was one, is the name itself.
std::string unquote_name(std::string_view text);

}  // namespace imgcls
