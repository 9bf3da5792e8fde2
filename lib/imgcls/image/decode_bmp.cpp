// Windows' and OS/2's bitmaps: 1, 4, 8, 16, 24 and 32 bits a pixel, run lengths (RLE4, RLE8) and
// bit fields. After Microsoft's documentation of BITMAPINFOHEADER; values as Pillow makes them.
#include <imgcls/core/little_endian.h>
#include <imgcls/image/decoders.h>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstdlib>
#include <vector>

namespace imgcls::data {
namespace {

constexpr std::size_t kFileHeader = 14, kOldHeader = 12, kInfoHeader = 40;
enum class Compression : std::uint32_t { none, rle8, rle4, bit_fields };
using Colour = std::array<std::uint8_t, 3>;  // red, green, blue

/// The bits of a pixel that are one channel.
struct Channel {
  std::uint32_t mask = 0;

  std::uint8_t of(std::uint32_t pixel) const {
    if (mask == 0) return 0;
    const int shift = std::countr_zero(mask);
    return static_cast<std::uint8_t>(std::uint64_t{(pixel & mask) >> shift} * 255 /
                                     (mask >> shift));
  }
};

class BmpReader {
 public:
  explicit BmpReader(const ImageFile& file) : file_(file) { read_header(); }

  void read(Image& image) const {
    const Size size = checked_size(file_, width_, height_);
    const bool is_packed = compression_ == Compression::rle8 || compression_ == Compression::rle4;
    const std::size_t stride = (width_ * bits_ + 31) / 32 * 4;
    // The last row need not be filled up to its four bytes. Two bytes stand for 255 pixels at most.
    const std::size_t needed =
        is_packed ? width_ * height_ / 255 * 2 : (height_ - 1) * stride + (width_ * bits_ + 7) / 8;
    if (pixels_.size() < needed) truncated();
    allocate(image, size);
    if (is_packed) return paint(indices(), image);
    for (std::size_t y = 0; y < height_; ++y) {
      read_row(pixels_.subspan(y * stride), image.row(row_of(y)));
    }
  }

 private:
  [[noreturn]] void truncated() const { cannot_decode(file_.name, "the file is truncated"); }
  [[noreturn]] void refuse(std::string_view why) const { cannot_decode(file_.name, why); }

  template <class T>
  T number(std::size_t at) const {
    if (at > file_.bytes.size() || file_.bytes.size() - at < sizeof(T)) truncated();
    return load_le<T>(file_.bytes.subspan(at));
  }

  void read_header() {
    const auto size = number<std::uint32_t>(kFileHeader);
    if (size != kOldHeader && (size < kInfoHeader || size > 1024)) {
      refuse(fmt::format("its header has {} bytes; expected 12, or 40 to 124", size));
    }
    size == kOldHeader ? read_old_header() : read_info_header();
    constexpr std::array<std::uint32_t, 6> kBits{1, 4, 8, 16, 24, 32};
    if (std::ranges::find(kBits, bits_) == kBits.end()) {
      refuse(fmt::format("it has {} bits a pixel; 1, 4, 8, 16, 24 and 32 are supported", bits_));
    }
    std::size_t end = kFileHeader + size;
    read_compression(size, end);
    if (bits_ <= 8) end = read_palette(end, size == kOldHeader ? 3 : 4);
    const std::size_t offset = number<std::uint32_t>(10);
    const std::size_t begin = offset == 0 ? end : offset;
    if (begin > file_.bytes.size()) truncated();
    pixels_ = file_.bytes.subspan(begin);
  }

  void read_old_header() {
    width_ = number<std::uint16_t>(18);
    height_ = number<std::uint16_t>(20);
    bits_ = number<std::uint16_t>(24);
  }

  void read_info_header() {
    const auto width = static_cast<std::int32_t>(number<std::uint32_t>(18));
    const auto height = static_cast<std::int32_t>(number<std::uint32_t>(22));
    is_top_down_ = height < 0;
    width_ = width < 0 ? 0 : static_cast<std::size_t>(width);
    height_ = static_cast<std::size_t>(std::abs(std::int64_t{height}));
    bits_ = number<std::uint16_t>(28);
    const auto compression = number<std::uint32_t>(30);
    if (compression > 3) refuse("it is compressed in a way that imgcls does not read");
    compression_ = static_cast<Compression>(compression);
    colours_ = number<std::uint32_t>(46);
  }

  void read_compression(std::uint32_t header, std::size_t& end) {
    const bool fits = compression_ == Compression::none ||
                      (compression_ == Compression::rle8 && bits_ == 8) ||
                      (compression_ == Compression::rle4 && bits_ == 4) ||
                      (compression_ == Compression::bit_fields && (bits_ == 16 || bits_ == 32));
    if (!fits) refuse("its compression does not fit its bits a pixel");
    if (bits_ == 16) channels_ = {Channel{0x7C00}, Channel{0x3E0}, Channel{0x1F}};
    if (bits_ == 32) channels_ = {Channel{0xFF0000}, Channel{0xFF00}, Channel{0xFF}};
    if (compression_ != Compression::bit_fields) return;
    constexpr std::size_t kMasks = kFileHeader + kInfoHeader;
    for (std::size_t i = 0; i < 3; ++i) channels_[i].mask = number<std::uint32_t>(kMasks + 4 * i);
    if (header == kInfoHeader) end += 12;
  }

  // Colours that the file lacks are black.
  std::size_t read_palette(std::size_t at, std::size_t bytes) {
    const std::size_t count = colours_ == 0 ? std::size_t{1} << bits_ : colours_;
    if (count > 65536) refuse(fmt::format("its palette claims {} colours", count));
    for (std::size_t i = 0; i < std::min<std::size_t>(count, 256); ++i) {
      for (std::size_t c = 0; c < 3; ++c)
        palette_[i][2 - c] = number<std::uint8_t>(at + i * bytes + c);
    }
    return at + count * bytes;
  }

  int row_of(std::size_t y) const { return static_cast<int>(is_top_down_ ? y : height_ - 1 - y); }

  void read_row(std::span<const std::byte> row, std::uint8_t* rgb) const {
    const auto* in = reinterpret_cast<const std::uint8_t*>(row.data());
    for (std::size_t x = 0; x < width_; ++x, rgb += 3) {
      if (bits_ == 24) {
        for (std::size_t c = 0; c < 3; ++c) rgb[c] = in[3 * x + 2 - c];
      } else if (bits_ <= 8) {
        const std::size_t bit = x * bits_;
        const unsigned value = in[bit / 8] >> (8 - bits_ - bit % 8) & ((1U << bits_) - 1);
        std::ranges::copy(palette_[value], rgb);
      } else {
        const std::uint32_t pixel = bits_ == 16 ? load_le<std::uint16_t>(row.subspan(2 * x))
                                                : load_le<std::uint32_t>(row.subspan(4 * x));
        for (std::size_t c = 0; c < 3; ++c) rgb[c] = channels_[c].of(pixel);
      }
    }
  }

  void paint(const std::vector<std::uint8_t>& indices, Image& image) const {
    for (std::size_t y = 0; y < height_; ++y) {
      std::uint8_t* rgb = image.row(row_of(y));
      for (std::size_t x = 0; x < width_; ++x) {
        rgb = std::ranges::copy(palette_[indices[y * width_ + x]], rgb).out;
      }
    }
  }

  /// Undoes the run lengths. Pixels that they pass over keep colour 0.
  std::vector<std::uint8_t> indices() const;

  const ImageFile& file_;
  std::size_t width_ = 0, height_ = 0;
  std::uint32_t bits_ = 0, colours_ = 0;
  bool is_top_down_ = false;
  Compression compression_ = Compression::none;
  std::array<Channel, 3> channels_{};
  std::array<Colour, 256> palette_{};
  std::span<const std::byte> pixels_;
};

std::vector<std::uint8_t> BmpReader::indices() const {
  std::vector<std::uint8_t> out(width_ * height_);
  const bool is_rle4 = compression_ == Compression::rle4;
  std::size_t at = 0, x = 0, y = 0;
  const auto next = [&] {
    if (at == pixels_.size()) truncated();
    return std::to_integer<std::uint8_t>(pixels_[at++]);
  };
  const auto put = [&](std::uint8_t value) {
    if (x < width_ && y < height_) out[y * width_ + x] = value;
    ++x;
  };
  const auto nibble = [&](std::uint8_t byte, std::size_t i) {
    return static_cast<std::uint8_t>(i % 2 == 0 ? byte >> 4 : byte & 15);
  };
  // The code for the end of the bitmap may be missing after the last pixel.
  while (y + 1 < height_ || (y < height_ && x < width_)) {
    const std::uint8_t count = next(), code = next();
    if (count > 0) {  // a run
      for (std::size_t i = 0; i < count; ++i) put(is_rle4 ? nibble(code, i) : code);
    } else if (code == 0) {  // end of line
      x = 0;
      ++y;
    } else if (code == 1) {  // end of bitmap
      break;
    } else if (code == 2) {  // a step
      x += next();
      y += next();
    } else {  // so many pixels as they are, filled up to two bytes
      const std::size_t bytes = is_rle4 ? (code + 1U) / 2 : code;
      std::uint8_t byte = 0;
      for (std::size_t i = 0; i < code; ++i) {
        if (!is_rle4 || i % 2 == 0) byte = next();
        put(is_rle4 ? nibble(byte, i) : byte);
      }
      if (bytes % 2 == 1 && at < pixels_.size()) ++at;
    }
  }
  return out;
}

}  // namespace

void decode_bmp(const ImageFile& file, Image& image) {
  BmpReader(file).read(image);
}

}  // namespace imgcls::data
