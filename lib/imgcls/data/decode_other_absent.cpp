// For builds with IMGCLS_IMGCODECS=OFF.
#include <imgcls/data/decode_other.h>

namespace imgcls::data {

void decode_other(std::span<const std::byte> /*file*/, std::string_view name, Image& /*image*/) {
  cannot_decode(name,
                "this build of imgcls reads JPEG only: it was made with IMGCLS_IMGCODECS=OFF, to "
                "run where OpenCV's imgcodecs is not installed");
}

}  // namespace imgcls::data
