// TIFF to RGB as Pillow makes it. Samples are read and converted here, not by libtiff's RGBA
// interface, which multiplies colours by the alpha channel and rounds 16-bit samples.
#include <imgcls/image/cmyk.h>
#include <imgcls/image/grey16.h>
#include <imgcls/image/orientation.h>
#include <imgcls/image/tiff_file.h>

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <vector>

namespace imgcls::data {
namespace {

struct Layout {
  std::uint32_t width = 0, height = 0;
  std::uint16_t bits = 1, samples = 1, photometric = PHOTOMETRIC_MINISWHITE, compression = 1;
  bool is_planar = false, is_premultiplied = false;

  bool is_palette() const { return photometric == PHOTOMETRIC_PALETTE; }
  bool is_grey() const {
    return photometric == PHOTOMETRIC_MINISWHITE || photometric == PHOTOMETRIC_MINISBLACK;
  }
  /// Whether it has more than 8 bits that grey of 16 bits keeps.
  bool is_deep() const {
    return bits > 8 && !is_premultiplied && (is_grey() || photometric == PHOTOMETRIC_RGB);
  }
  /// Samples of a pixel that its colour is made of: grey or a palette's index, RGB, RGB and the
  /// alpha that it was multiplied with, or CMYK.
  std::uint16_t used() const {
    if (is_grey() || is_palette()) return 1;
    return photometric == PHOTOMETRIC_SEPARATED || is_premultiplied ? 4 : 3;
  }
};

void check_samples(const TiffFile& tiff, const Layout& layout) {
  const auto kind = tiff.field<std::uint16_t>(TIFFTAG_SAMPLEFORMAT, SAMPLEFORMAT_UINT);
  constexpr std::string_view kRemedy = "convert it to 8 bits, as PNG or TIFF";
  if (kind == SAMPLEFORMAT_IEEEFP) {
    tiff.refuse(fmt::format(
        "it is a TIFF of floating-point samples, whose range imgcls cannot know: {}", kRemedy));
  }
  if ((kind != SAMPLEFORMAT_UINT && kind != SAMPLEFORMAT_VOID) || layout.bits > 16) {
    tiff.refuse(
        fmt::format("it is a TIFF of {}-bit {} samples; up to 16 bits without a sign are "
                    "supported: {}",
                    layout.bits, kind == SAMPLEFORMAT_INT ? "signed" : "unusual", kRemedy));
  }
  const bool is_known = layout.is_grey() || (layout.is_palette() && layout.bits <= 8) ||
                        layout.photometric == PHOTOMETRIC_RGB ||
                        layout.photometric == PHOTOMETRIC_SEPARATED ||
                        (layout.photometric == PHOTOMETRIC_YCBCR && layout.bits == 8);
  if (!is_known || layout.samples < layout.used() || layout.bits == 0) {
    tiff.refuse(
        fmt::format("it is a TIFF of an unusual kind (photometric interpretation {}, {} x {} "
                    "bits a pixel): convert it to RGB, as PNG or TIFF",
                    layout.photometric, layout.samples, layout.bits));
  }
}

Layout read_layout(const TiffFile& tiff) {
  Layout layout;
  layout.width = tiff.field<std::uint32_t>(TIFFTAG_IMAGEWIDTH, 0);
  layout.height = tiff.field<std::uint32_t>(TIFFTAG_IMAGELENGTH, 0);
  layout.bits = tiff.field<std::uint16_t>(TIFFTAG_BITSPERSAMPLE, 1);
  layout.samples = tiff.field<std::uint16_t>(TIFFTAG_SAMPLESPERPIXEL, 1);
  layout.photometric = tiff.field<std::uint16_t>(TIFFTAG_PHOTOMETRIC, PHOTOMETRIC_MINISWHITE);
  layout.compression = tiff.field<std::uint16_t>(TIFFTAG_COMPRESSION, COMPRESSION_NONE);
  layout.is_planar = tiff.field<std::uint16_t>(TIFFTAG_PLANARCONFIG, PLANARCONFIG_CONTIG) ==
                         PLANARCONFIG_SEPARATE &&
                     layout.samples > 1;
  std::uint16_t count = 0;
  const std::uint16_t* extra = nullptr;
  TIFFGetFieldDefaulted(tiff.get(), TIFFTAG_EXTRASAMPLES, &count, &extra);
  layout.is_premultiplied = layout.photometric == PHOTOMETRIC_RGB && layout.samples == 4 &&
                            count == 1 && extra[0] == EXTRASAMPLE_ASSOCALPHA;
  if (layout.photometric == PHOTOMETRIC_YCBCR && layout.compression == COMPRESSION_JPEG) {
    TIFFSetField(tiff.get(), TIFFTAG_JPEGCOLORMODE, JPEGCOLORMODE_RGB);
    layout.photometric = PHOTOMETRIC_RGB;
  }
  check_samples(tiff, layout);
  return layout;
}

/// What libtiff reads at once: a tile, or a strip as wide as the image.
struct Block {
  std::uint32_t x = 0, y = 0, width = 0, height = 0;  // of the part within the image
  std::size_t row_bytes = 0;
};

class Blocks {
 public:
  Blocks(const TiffFile& tiff, const Layout& layout) : tiff_(tiff), layout_(layout) {
    is_tiled_ = TIFFIsTiled(tiff.get()) != 0;
    width_ = layout.width;
    height_ =
        std::min(tiff.field<std::uint32_t>(TIFFTAG_ROWSPERSTRIP, layout.height), layout.height);
    if (is_tiled_) {
      width_ = tiff.field<std::uint32_t>(TIFFTAG_TILEWIDTH, 0);
      height_ = tiff.field<std::uint32_t>(TIFFTAG_TILELENGTH, 0);
    }
    // Tiles reach over the edges; one that is much larger than its image is an attack.
    const std::uint64_t image = std::uint64_t{layout.width} * layout.height;
    if (width_ == 0 || height_ == 0 ||
        std::uint64_t{width_} * height_ > std::max<std::uint64_t>(4 * image, 1U << 20)) {
      tiff.refuse("its tiles are of a size that does not fit the image");
    }
    row_bytes_ = size(is_tiled_ ? TIFFTileRowSize64(tiff.get()) : TIFFScanlineSize64(tiff.get()));
    const std::uint64_t bits =
        std::uint64_t{width_} * layout.bits * (layout.is_planar ? 1 : layout.samples);
    if (row_bytes_ < (bits + 7) / 8) tiff.refuse("its rows are shorter than its pixels");
    buffer_.resize(
        size(is_tiled_ ? TIFFTileSize64(tiff.get()) : TIFFVStripSize64(tiff.get(), height_)));
  }

  /// Calls `use` with each block of a plane and its bytes.
  template <class Use>
  void each(std::uint16_t plane, const Use& use) {
    for (std::uint32_t y = 0; y < layout_.height; y += std::min(height_, layout_.height - y)) {
      for (std::uint32_t x = 0; x < layout_.width; x += std::min(width_, layout_.width - x)) {
        const Block block{x, y, std::min(width_, layout_.width - x),
                          std::min(height_, layout_.height - y), row_bytes_};
        read(block, plane);
        use(block, std::span<const std::uint8_t>(buffer_));
      }
    }
  }

 private:
  std::size_t size(std::uint64_t bytes) const {
    if (bytes == 0 || bytes > std::numeric_limits<std::int32_t>::max()) tiff_.fail();
    return static_cast<std::size_t>(bytes);
  }

  void read(const Block& block, std::uint16_t plane) {
    TIFF* tiff = tiff_.get();
    const auto room = static_cast<tmsize_t>(buffer_.size());
    const tmsize_t count =
        is_tiled_ ? TIFFReadEncodedTile(tiff, TIFFComputeTile(tiff, block.x, block.y, 0, plane),
                                        buffer_.data(), room)
                  : TIFFReadEncodedStrip(tiff, TIFFComputeStrip(tiff, block.y, plane),
                                         buffer_.data(), room);
    const std::size_t needed = row_bytes_ * (is_tiled_ ? height_ : block.height);
    if (count < 0 || static_cast<std::size_t>(count) < needed || needed > buffer_.size())
      tiff_.fail();
  }

  const TiffFile& tiff_;
  const Layout& layout_;
  bool is_tiled_ = false;
  std::uint32_t width_ = 0, height_ = 0;
  std::size_t row_bytes_ = 0;
  std::vector<std::uint8_t> buffer_;
};

/// Sample number `index` of a row as it is stored.
std::uint32_t stored_at(const Layout& layout, const std::uint8_t* row, std::size_t index) {
  if (layout.bits == 8) return row[index];
  if (layout.bits == 16) {  // in the machine's order
    return reinterpret_cast<const std::uint16_t*>(row)[index];
  }
  std::uint32_t value = 0;
  for (std::size_t bit = index * layout.bits; bit < (index + 1) * layout.bits; ++bit) {
    value = value << 1 | (row[bit / 8] >> (7 - bit % 8) & 1);
  }
  return value;
}

/// A stored value with 8 bits: of more the upper ones, of fewer scaled to 255; a palette's index as
/// it is.
std::uint8_t as_8_bits(const Layout& layout, std::uint32_t value) {
  if (layout.bits == 8) return static_cast<std::uint8_t>(value);
  if (layout.bits > 8) return static_cast<std::uint8_t>(value >> (layout.bits - 8));
  if (layout.is_palette()) return static_cast<std::uint8_t>(value);
  return static_cast<std::uint8_t>(value * 255 / ((1U << layout.bits) - 1));
}

/// A stored value of 9 to 16 bits with 16.
std::uint16_t as_16_bits(const Layout& layout, std::uint32_t value) {
  return static_cast<std::uint16_t>(std::uint64_t{value} * 65535 / ((1U << layout.bits) - 1));
}

/// The samples of all pixels that their colours are made of, `used` for each, as `convert` has
/// them.
template <class Sample>
std::vector<Sample> read_samples(const TiffFile& tiff, const Layout& layout,
                                 Sample (*convert)(const Layout&, std::uint32_t)) {
  const std::size_t used = layout.used();
  std::vector<Sample> all(std::size_t{layout.width} * layout.height * used);
  Blocks blocks(tiff, layout);
  for (std::uint16_t plane = 0; plane < (layout.is_planar ? used : 1); ++plane) {
    blocks.each(plane, [&](const Block& block, std::span<const std::uint8_t> bytes) {
      for (std::uint32_t y = 0; y < block.height; ++y) {
        const std::uint8_t* row = &bytes[y * block.row_bytes];
        Sample* out = &all[((block.y + std::size_t{y}) * layout.width + block.x) * used];
        for (std::size_t x = 0; x < block.width; ++x) {
          if (layout.is_planar) {
            out[x * used + plane] = convert(layout, stored_at(layout, row, x));
            continue;
          }
          for (std::size_t s = 0; s < used; ++s) {
            out[x * used + s] = convert(layout, stored_at(layout, row, x * layout.samples + s));
          }
        }
      }
    });
  }
  return all;
}

void colour_by_palette(const TiffFile& tiff, const std::vector<std::uint8_t>& samples,
                       Image& image) {
  std::array<const std::uint16_t*, 3> map{};
  if (TIFFGetField(tiff.get(), TIFFTAG_COLORMAP, map.data(), &map[1], &map[2]) != 1) {
    tiff.refuse("its palette is missing");
  }
  for (std::size_t i = 0; i < samples.size(); ++i) {
    for (std::size_t c = 0; c < 3; ++c) {
      image.pixels[3 * i + c] = static_cast<std::uint8_t>(map[c][samples[i]] >> 8);
    }
  }
}

void colour(const Layout& layout, const std::vector<std::uint8_t>& samples, Image& image) {
  const std::size_t used = layout.used();
  const bool is_cmyk = layout.photometric == PHOTOMETRIC_SEPARATED;
  for (std::size_t i = 0; i < samples.size() / used; ++i) {
    const std::uint8_t* in = &samples[i * used];
    for (std::size_t c = 0; c < 3; ++c) {
      int value = in[used == 1 ? 0 : c];
      if (layout.photometric == PHOTOMETRIC_MINISWHITE) value = 255 - value;
      if (is_cmyk) value = under_ink(255 - in[3], value);
      if (layout.is_premultiplied) value = in[3] == 0 ? 0 : std::min(255, value * 255 / in[3]);
      image.pixels[3 * i + c] = static_cast<std::uint8_t>(value);
    }
  }
}

void grey_16_bits(const Layout& layout, const std::vector<std::uint16_t>& samples, Image& image) {
  const std::size_t used = layout.used();
  for (std::size_t i = 0; i < samples.size() / used; ++i) {
    const std::uint16_t* in = &samples[i * used];
    std::uint32_t value = used == 1 ? in[0] : luma(in[0], in[1], in[2]);
    if (layout.photometric == PHOTOMETRIC_MINISWHITE) value = 65535 - value;
    set_grey16(&image.pixels[3 * i], static_cast<std::uint16_t>(value));
  }
}

// Colour differences that libjpeg does not undo, at their own resolution.
void read_ycbcr(const TiffFile& tiff, Image& image) {
  const auto orientation = tiff.field<std::uint16_t>(TIFFTAG_ORIENTATION, ORIENTATION_TOPLEFT);
  std::vector<std::uint32_t> raster(image.pixels.size() / 3);
  if (TIFFReadRGBAImageOriented(tiff.get(), static_cast<std::uint32_t>(image.size.width),
                                static_cast<std::uint32_t>(image.size.height), raster.data(),
                                orientation, 1) != 1) {
    tiff.fail();
  }
  for (std::size_t i = 0; i < raster.size(); ++i) {
    image.pixels[3 * i] = TIFFGetR(raster[i]);
    image.pixels[3 * i + 1] = TIFFGetG(raster[i]);
    image.pixels[3 * i + 2] = TIFFGetB(raster[i]);
  }
}

/// Gives `image` the size that the file says.
void allocate_for(const ImageFile& file, const TiffFile& tiff, const Layout& layout, Image& image) {
  const Size size = checked_size(file, layout.width, layout.height);
  const std::uint64_t bits = std::uint64_t{layout.width} * layout.height * layout.bits;
  if (layout.compression == COMPRESSION_NONE && bits / 8 > file.bytes.size()) {
    tiff.refuse("the file is truncated");
  }
  allocate(image, size);
}

void turn(const TiffFile& tiff, Image& image) {
  orient(image, tiff.field<std::uint16_t>(TIFFTAG_ORIENTATION, ORIENTATION_TOPLEFT));
}

}  // namespace

void decode_tiff(const ImageFile& file, Image& image) {
  const TiffFile tiff(file);
  const Layout layout = read_layout(tiff);
  allocate_for(file, tiff, layout, image);
  if (layout.photometric == PHOTOMETRIC_YCBCR) {
    read_ycbcr(tiff, image);
  } else {
    const std::vector<std::uint8_t> samples = read_samples(tiff, layout, as_8_bits);
    layout.is_palette() ? colour_by_palette(tiff, samples, image) : colour(layout, samples, image);
  }
  turn(tiff, image);
}

bool decode_tiff_grey16(const ImageFile& file, Image& image) {
  const TiffFile tiff(file);
  const Layout layout = read_layout(tiff);
  if (!layout.is_deep()) return false;
  allocate_for(file, tiff, layout, image);
  grey_16_bits(layout, read_samples(tiff, layout, as_16_bits), image);
  turn(tiff, image);
  image.bits = 16;
  return true;
}

}  // namespace imgcls::data
