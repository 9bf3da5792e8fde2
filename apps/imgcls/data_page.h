#pragma once
// Pages about data sets, each in one file that needs no network; light, and dark where the reader's
// system is.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace imgcls::cli {

/// How a page begins, up to its heading. Images stand as <figure>s in a <main>.
std::string page_head(std::string_view title);

/// An image file of the MIME type image/`type`, in the page; `what` says what it shows.
std::string page_picture(std::string_view type, const std::vector<std::byte>& file,
                         std::string_view what);

struct ShownImage {
  std::vector<std::byte> before;  ///< a JPEG file
  std::vector<std::byte> after;   ///< a PNG file
  std::string name, label, told;
};

class DataPage {
 public:
  explicit DataPage(const std::string& title);

  void add(const ShownImage& image);
  std::string html() const;

 private:
  std::string html_;
};

}  // namespace imgcls::cli
