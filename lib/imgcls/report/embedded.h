#pragma once
// The files of page/ and Chart.js, which are built into the library. Internal to imgcls::report.

#include <string_view>

namespace imgcls::report {

extern const std::string_view kPageHtml;  ///< with {{name}} where something goes in
extern const std::string_view kPageCss;
extern const std::string_view kPageScript;
extern const std::string_view kChartScript;  ///< Chart.js 3, with its licence comment

}  // namespace imgcls::report
