#pragma once
// Rows of a CSV file that belong to the part of a run which is kept. Internal to log/.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace imgcls::report {

/// The complete lines of `text` whose number in column `column` (from 0) is at most `step`: what a
/// run that goes on after `step` steps leaves of a file with a row for each. Lines without such a
/// number, the header among them, are left out.
std::string rows_up_to(std::string_view text, std::size_t column, std::int64_t step);

}  // namespace imgcls::report
