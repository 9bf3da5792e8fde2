#pragma once
// A text as a field of a CSV file (RFC 4180).

#include <string>
#include <string_view>

namespace imgcls::report {

/// `text`, in quotes where a comma, a quote or a line's end is in it.
std::string csv_field(std::string_view text);

/// A name that may hold any byte: as core/quoted_name.h has it, so that a row is a line of UTF-8.
std::string csv_name(std::string_view name);

}  // namespace imgcls::report
