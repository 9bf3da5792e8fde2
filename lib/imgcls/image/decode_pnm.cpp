// PBM, PGM and PPM in their plain and binary forms (P1 to P6), as netpbm's manual describes them
// and Pillow scales their values.
#include <imgcls/image/decoders.h>
#include <imgcls/image/grey16.h>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

namespace imgcls::data {
namespace {

bool is_space(std::uint8_t c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

/// `Value` is what samples are read as: of 8 bits, which become RGB, or of 16, which become grey.
template <class Value>
class PnmReader {
 public:
  explicit PnmReader(const ImageFile& file) : file_(file) {}

  /// False, with nothing made, where 16 bits were asked for and the file has no more than 8.
  bool read(Image& image) {
    const int kind = std::to_integer<int>(file_.bytes[1]) - '0';
    at_ = 2;
    const std::uint32_t width = number(), height = number();
    const Size size = checked_size(file_, width, height);
    is_bitmap_ = kind == 1 || kind == 4;
    const bool is_plain = kind <= 3, has_colours = kind == 3 || kind == 6;
    const std::uint32_t maximum = is_bitmap_ ? 1 : number();
    if (maximum == 0 || maximum > 65535) {
      cannot_decode(file_.name, fmt::format("its largest value is {}, not 1 to 65535", maximum));
    }
    if (kIsDeep && maximum <= 255) return false;
    make_table(maximum, has_colours);
    if (!is_plain) begin_binary();
    const std::size_t samples = has_colours ? 3 : 1;
    // A bit for each sample at least: what was cut off is noticed before memory is taken.
    if ((file_.bytes.size() - at_) * 8 < std::size_t{width} * height * samples) truncated();
    allocate(image, size);
    std::vector<Value> row(width * samples);
    for (int y = 0; y < image.size.height; ++y) {
      is_plain ? read_plain(row) : read_binary(row, maximum);
      for (std::size_t x = 0; x < width; ++x) {
        const Value* in = &row[x * samples];
        set_pixel(image.row(y) + 3 * x, in[0], in[samples / 2], in[samples - 1]);
      }
    }
    image.bits = kIsDeep ? 16 : 8;
    return true;
  }

 private:
  static constexpr bool kIsDeep = sizeof(Value) > 1;

  static void set_pixel(std::uint8_t* pixel, Value red, Value green, Value blue) {
    if constexpr (kIsDeep) {
      const bool is_grey = red == green && green == blue;
      set_grey16(pixel, is_grey ? red : static_cast<Value>(luma(red, green, blue)));
    } else {
      pixel[0] = red;
      pixel[1] = green;
      pixel[2] = blue;
    }
  }

  [[noreturn]] void truncated() const { cannot_decode(file_.name, "the file is truncated"); }

  std::uint8_t peek() const {
    if (at_ == file_.bytes.size()) truncated();
    return std::to_integer<std::uint8_t>(file_.bytes[at_]);
  }

  // A comment goes from # to the end of its line, and may stand wherever white space may.
  void skip_space() {
    for (bool in_comment = false; in_comment || is_space(peek()) || peek() == '#'; ++at_) {
      const std::uint8_t c = peek();
      if (c == '#') in_comment = true;
      if (c == '\n' || c == '\r') in_comment = false;
    }
  }

  std::uint32_t number() {
    skip_space();
    const std::size_t begin = at_;
    std::uint64_t value = 0;
    while (at_ < file_.bytes.size() && peek() >= '0' && peek() <= '9') {
      value = std::min<std::uint64_t>(value * 10 + (peek() - '0'), UINT32_MAX);
      ++at_;
    }
    if (at_ == begin) cannot_decode(file_.name, "it holds something else where a number belongs");
    return static_cast<std::uint32_t>(value);
  }

  /// What a stored value becomes. Pillow scales to 255 and rounds half to even. Grey of more than
  /// eight bits is scaled to sixteen, of which eight keep the upper byte.
  void make_table(std::uint32_t maximum, bool has_colours) {
    table_.resize(maximum + 1);
    const bool is_wide = kIsDeep || (maximum > 255 && !has_colours);
    const int shift = is_wide && !kIsDeep ? 8 : 0;
    for (std::uint32_t value = 0; value <= maximum; ++value) {
      const double scaled = std::nearbyint(double(value) / maximum * (is_wide ? 65535 : 255));
      table_[value] = static_cast<Value>(static_cast<int>(scaled) >> shift);
    }
    if (is_bitmap_) std::swap(table_[0], table_[1]);  // 1 is black
  }

  // One white space character after the header's last number.
  void begin_binary() {
    if (!is_space(peek())) cannot_decode(file_.name, "its header does not end in white space");
    ++at_;
  }

  void read_plain(std::span<Value> row) {
    for (Value& sample : row) sample = table_[is_bitmap_ ? bit() : value()];
  }

  // The digits of a bitmap may stand without space between them.
  std::uint32_t bit() {
    skip_space();
    const std::uint8_t c = peek();
    if (c != '0' && c != '1') cannot_decode(file_.name, "it holds something else than 0 and 1");
    ++at_;
    return c - std::uint32_t{'0'};
  }

  std::uint32_t value() {
    const std::uint32_t value = number();
    if (value >= table_.size()) {
      cannot_decode(file_.name, fmt::format("it holds a {}, above its largest value {}", value,
                                            table_.size() - 1));
    }
    return value;
  }

  void read_binary(std::span<Value> row, std::uint32_t maximum) {
    const std::size_t bytes =
        is_bitmap_ ? (row.size() + 7) / 8 : row.size() * (maximum > 255 ? 2 : 1);
    if (file_.bytes.size() - at_ < bytes) truncated();
    const auto* in = reinterpret_cast<const std::uint8_t*>(&file_.bytes[at_]);
    for (std::size_t i = 0; i < row.size(); ++i) {
      std::size_t value = 0;
      if (is_bitmap_) {
        value = in[i / 8] >> (7 - i % 8) & 1;
      } else {
        value = maximum > 255 ? std::size_t{in[2 * i]} << 8 | in[2 * i + 1] : in[i];
      }
      row[i] = table_[std::min<std::size_t>(value, table_.size() - 1)];
    }
    at_ += bytes;
  }

  const ImageFile& file_;
  std::size_t at_ = 0;
  bool is_bitmap_ = false;
  std::vector<Value> table_;  // by stored value
};

}  // namespace

void decode_pnm(const ImageFile& file, Image& image) {
  PnmReader<std::uint8_t>(file).read(image);
}

bool decode_pnm_grey16(const ImageFile& file, Image& image) {
  return PnmReader<std::uint16_t>(file).read(image);
}

}  // namespace imgcls::data
