#include <imgcls/image/decoders.h>

#include <webp/decode.h>
#include <webp/demux.h>

#include <memory>

namespace imgcls::data {
namespace {

struct Delete {
  void operator()(WebPAnimDecoder* decoder) const { WebPAnimDecoderDelete(decoder); }
};

constexpr std::string_view kBroken = "the file is truncated or corrupt";

// The first frame, at its place on a canvas that is transparent black elsewhere.
void decode_first_frame(const ImageFile& file, const std::uint8_t* bytes, Image& image) {
  const WebPData data{bytes, file.bytes.size()};
  WebPAnimDecoderOptions options;
  if (WebPAnimDecoderOptionsInit(&options) == 0)
    cannot_decode(file.name, "libwebp is of another ABI");
  const std::unique_ptr<WebPAnimDecoder, Delete> decoder(WebPAnimDecoderNew(&data, &options));
  std::uint8_t* rgba = nullptr;
  int milliseconds = 0;
  if (!decoder || WebPAnimDecoderGetNext(decoder.get(), &rgba, &milliseconds) == 0) {
    cannot_decode(file.name, kBroken);
  }
  for (std::size_t i = 0; i < image.pixels.size(); i += 3, rgba += 4) {
    for (std::size_t c = 0; c < 3; ++c) image.pixels[i + c] = rgba[c];
  }
}

}  // namespace

void decode_webp(const ImageFile& file, Image& image) {
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(file.bytes.data());
  WebPBitstreamFeatures features;
  if (WebPGetFeatures(bytes, file.bytes.size(), &features) != VP8_STATUS_OK) {
    cannot_decode(file.name, kBroken);
  }
  allocate(image, checked_size(file, static_cast<std::uint64_t>(features.width),
                               static_cast<std::uint64_t>(features.height)));
  if (features.has_animation != 0) return decode_first_frame(file, bytes, image);
  if (WebPDecodeRGBInto(bytes, file.bytes.size(), image.pixels.data(), image.pixels.size(),
                        image.size.width * 3) == nullptr) {
    cannot_decode(file.name, kBroken);
  }
}

}  // namespace imgcls::data
