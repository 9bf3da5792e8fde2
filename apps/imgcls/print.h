#pragma once
// Results on standard output, from commands that leave more behind than what they say.

#include <fmt/format.h>

#include <string_view>
#include <utility>

namespace imgcls::cli {

/// Writes `text` to standard output. What nobody reads any more (`| head`) is dropped, where the
/// command ignores broken pipes. Throws IoError where it cannot be written for another reason.
void print_text(std::string_view text);

template <class... Values>
void print(fmt::format_string<Values...> format, Values&&... values) {
  print_text(fmt::format(format, std::forward<Values>(values)...));
}

}  // namespace imgcls::cli
