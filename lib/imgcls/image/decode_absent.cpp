// For builds with IMGCLS_TIFF_WEBP=OFF.
#include <imgcls/image/decoders.h>

#include <fmt/format.h>

namespace imgcls::data {
namespace {

[[noreturn]] void refuse(const ImageFile& file, std::string_view format) {
  cannot_decode(file.name, fmt::format("this build of imgcls reads no {}: it was made with "
                                       "IMGCLS_TIFF_WEBP=OFF",
                                       format));
}

}  // namespace

void decode_tiff(const ImageFile& file, Image& /*image*/) {
  refuse(file, "TIFF");
}

// `decode` refuses it.
bool decode_tiff_grey16(const ImageFile& /*file*/, Image& /*image*/) {
  return false;
}

void decode_webp(const ImageFile& file, Image& /*image*/) {
  refuse(file, "WebP");
}

}  // namespace imgcls::data
