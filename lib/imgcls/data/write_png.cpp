#include <imgcls/core/new_file.h>
#include <imgcls/data/encode_image.h>
#include <imgcls/data/write_png.h>

namespace imgcls::data {

void write_png(const Image& image, const std::filesystem::path& path) {
  const std::vector<std::byte> bytes = encode_png(image);
  NewFile file(path);
  file.write(bytes);
  file.commit();
}

}  // namespace imgcls::data
