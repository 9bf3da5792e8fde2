#include <imgcls/data/source.h>
#include <imgcls/image/decode.h>

#include <utility>

namespace imgcls::data {

bool is_multi_label(const Source& source) {
  return source.size() > 0 && source.label_set(0).has_value();
}

Image read_image(const Source& source, std::size_t index) {
  Sample sample = source.read(index);
  if (auto* pixels = std::get_if<Image>(&sample)) return std::move(*pixels);
  Image image;
  decode(std::get<std::vector<std::byte>>(sample), source.name(index), image);
  return image;
}

}  // namespace imgcls::data
