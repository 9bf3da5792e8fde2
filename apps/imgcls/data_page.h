#pragma once
// A page of images, in one file that needs no network; light, and dark where the reader's system
// is.

#include <cstddef>
#include <string>
#include <vector>

namespace imgcls::cli {

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
