#pragma once
// A text as a field of a CSV file (RFC 4180).

#include <string>
#include <string_view>

namespace imgcls::report {

/// `text`, in quotes where a comma, a quote or a line's end is in it.
std::string csv_field(std::string_view text);

}  // namespace imgcls::report
