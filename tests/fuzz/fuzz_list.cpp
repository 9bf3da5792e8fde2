// Fuzzes lists of images with their classes, as text and as JSON: any bytes are a list or a
// DataError, and a list written again, a line an image, says the same.
#include <imgcls/core/error.h>
#include <imgcls/core/quoted_name.h>
#include <imgcls/data/list_files.h>

#include <algorithm>
#include <cstdlib>
#include <string>
#include <vector>

namespace {

using imgcls::data::ListedImage;

void require(bool holds) {
  if (!holds) std::abort();
}

/// Tabs between, which belong to no name that is quoted; commas and blanks do.
std::string written(const std::vector<ListedImage>& images) {
  std::string text;
  for (const ListedImage& image : images) {
    text += imgcls::quote_name(image.path) + '\t';
    for (const std::string& name : image.classes) text += imgcls::quote_name(name) + '\t';
    text += '\n';
  }
  return text;
}

/// Blanks around a name are none of it in lines, but are in JSON.
bool has_blanks_around(const std::string& name) {
  constexpr const char* kBlanks = " \t";
  return name.find_first_of(kBlanks) == 0 ||
         (!name.empty() && name.find_last_of(kBlanks) == name.size() - 1);
}

bool fits_lines(const std::vector<ListedImage>& images) {
  return std::ranges::none_of(images, [](const ListedImage& image) {
    return has_blanks_around(image.path) || std::ranges::any_of(image.classes, has_blanks_around);
  });
}

void check(const std::vector<ListedImage>& images) {
  if (!fits_lines(images)) return;
  const std::vector<ListedImage> again =
      imgcls::data::parse_list(written(images), "list.txt", /*is_json=*/false);
  require(again.size() == images.size());
  for (std::size_t i = 0; i < again.size(); ++i) {
    require(again[i].path == images[i].path);
    require(again[i].classes == images[i].classes);
  }
  require(imgcls::data::classes_of(again) == imgcls::data::classes_of(images));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  for (const bool is_json : {false, true}) {
    std::vector<ListedImage> images;
    try {
      images = imgcls::data::parse_list(text, "list", is_json);
    } catch (const imgcls::DataError&) {
      continue;
    }
    check(images);
  }
  return 0;
}
