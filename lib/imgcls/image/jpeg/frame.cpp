#include <imgcls/image/jpeg/frame.h>

#include <algorithm>
#include <cstring>
#include <string_view>

namespace imgcls::data {
namespace {

// Markers' second bytes.
constexpr int kBaseline = 0xC0, kExtended = 0xC1, kHuffman = 0xC4, kStart = 0xD8, kScan = 0xDA,
              kQuantization = 0xDB, kRestart = 0xDD, kApp0 = 0xE0, kApp14 = 0xEE, kApp15 = 0xEF,
              kComment = 0xFE;

/// libjpeg's limit; a larger one is an error that it reports.
constexpr int kMaxSide = 65500;

/// A segment's bytes, taken from the front. Reads past the end give 0 and are remembered.
class Segment {
 public:
  explicit Segment(std::span<const std::byte> bytes) : bytes_(bytes) {}

  int byte() {
    if (bytes_.empty()) {
      good_ = false;
      return 0;
    }
    const int value = std::to_integer<int>(bytes_[0]);
    bytes_ = bytes_.subspan(1);
    return value;
  }
  int word() {
    const int high = byte();
    return high << 8 | byte();
  }
  std::span<const std::byte> take(std::size_t count) {
    if (count > bytes_.size()) {
      good_ = false;
      return {};
    }
    const auto taken = bytes_.first(count);
    bytes_ = bytes_.subspan(count);
    return taken;
  }
  bool starts_with(std::string_view text) const {
    return bytes_.size() >= text.size() &&
           std::memcmp(bytes_.data(), text.data(), text.size()) == 0;
  }
  std::size_t left() const { return bytes_.size(); }
  bool good() const { return good_; }
  bool at_end() const { return good_ && bytes_.empty(); }

 private:
  std::span<const std::byte> bytes_;
  bool good_ = true;
};

/// Reads segments one after the other into a frame. Its members return false for what
/// BaselineDecoder does not decode.
class FrameReader {
 public:
  bool read(std::span<const std::byte> file);
  JpegFrame frame;

 private:
  bool segment(int marker, Segment bytes);
  bool quantization(Segment bytes);
  bool huffman(Segment bytes);
  bool start_of_frame(Segment bytes);
  bool start_of_scan(Segment bytes);
  bool is_ycc() const;

  struct Factors {
    int id = 0, h = 0, v = 0, quantization = 0;
  };
  std::array<Factors, 3> factors_{};
  std::array<std::array<std::uint16_t, 64>, 4> tables_{};
  std::array<bool, 4> has_table_{};
  bool jfif_ = false;
  std::optional<int> adobe_transform_;
};

bool FrameReader::quantization(Segment bytes) {
  while (bytes.left() > 0) {
    const int head = bytes.byte();
    const int precision = head >> 4, id = head & 15;
    if (precision > 1 || id > 3) return false;
    for (std::uint16_t& value : tables_[static_cast<std::size_t>(id)]) {
      value = static_cast<std::uint16_t>(precision == 0 ? bytes.byte() : bytes.word());
    }
    has_table_[static_cast<std::size_t>(id)] = true;
  }
  return bytes.good();
}

bool FrameReader::huffman(Segment bytes) {
  while (bytes.left() > 0) {
    const int head = bytes.byte();
    const int kind = head >> 4, id = head & 15;
    if (kind > 1 || id > 3) return false;
    HuffmanCodes codes;
    std::size_t total = 0;
    for (std::uint8_t& count : codes.counts) {
      count = static_cast<std::uint8_t>(bytes.byte());
      total += count;
    }
    if (total > 256) return false;
    codes.symbols = bytes.take(total);
    (kind == 0 ? frame.dc_codes : frame.ac_codes)[static_cast<std::size_t>(id)] = codes;
  }
  return bytes.good();
}

bool FrameReader::start_of_frame(Segment bytes) {
  if (frame.components != 0 || bytes.byte() != 8) return false;  // a second frame; bits a sample
  frame.size.height = bytes.word();
  frame.size.width = bytes.word();
  frame.components = bytes.byte();
  if (frame.components != 1 && frame.components != 3) return false;
  for (int i = 0; i < frame.components; ++i) {
    Factors& factors = factors_[static_cast<std::size_t>(i)];
    factors.id = bytes.byte();
    const int sampling = bytes.byte();
    factors.h = sampling >> 4;
    factors.v = sampling & 15;
    factors.quantization = bytes.byte();
    if (factors.quantization > 3) return false;
  }
  if (!bytes.at_end()) return false;
  if (frame.components == 1) {  // its scan is not interleaved: blocks in plain order
    return factors_[0].h >= 1 && factors_[0].h <= 4 && factors_[0].v >= 1 && factors_[0].v <= 4;
  }
  frame.h = factors_[0].h;
  frame.v = factors_[0].v;
  const auto is_half_or_full = [](int factor) { return factor == 1 || factor == 2; };
  const auto is_one = [](const Factors& f) { return f.h == 1 && f.v == 1; };
  return is_half_or_full(frame.h) && is_half_or_full(frame.v) && is_one(factors_[1]) &&
         is_one(factors_[2]);
}

// libjpeg's rule for three components.
bool FrameReader::is_ycc() const {
  if (jfif_) return true;
  if (adobe_transform_) return *adobe_transform_ == 1;
  return factors_[0].id == 1 && factors_[1].id == 2 && factors_[2].id == 3;
}

bool FrameReader::start_of_scan(Segment bytes) {
  if (frame.components == 0 || bytes.byte() != frame.components) return false;
  for (int i = 0; i < frame.components; ++i) {
    const auto at = static_cast<std::size_t>(i);
    JpegComponent& component = frame.component[at];
    if (bytes.byte() != factors_[at].id) return false;
    const int tables = bytes.byte();
    component.dc_table = tables >> 4;
    component.ac_table = tables & 15;
    if (component.dc_table > 3 || component.ac_table > 3) return false;
    const auto table = static_cast<std::size_t>(factors_[at].quantization);
    if (!has_table_[table]) return false;
    component.quantization = tables_[table];
  }
  // A sequential scan: coefficients 0 to 63, whole.
  return bytes.byte() == 0 && bytes.byte() == 63 && bytes.byte() == 0 && bytes.at_end();
}

bool FrameReader::segment(int marker, Segment bytes) {
  switch (marker) {
    case kBaseline:
    case kExtended:
      return start_of_frame(bytes);
    case kHuffman:
      return huffman(bytes);
    case kQuantization:
      return quantization(bytes);
    case kRestart:
      frame.restart_interval = bytes.word();
      return bytes.at_end();
    case kScan:
      return start_of_scan(bytes);
    case kApp14:
      if (bytes.left() >= 12 && bytes.starts_with("Adobe")) {
        bytes.take(11);
        adobe_transform_ = bytes.byte();
      }
      return true;
    case kApp0:
      jfif_ = jfif_ || (bytes.left() >= 14 && bytes.starts_with({"JFIF\0", 5}));
      return true;
    default:
      return (marker > kApp0 && marker <= kApp15) || marker == kComment;
  }
}

bool FrameReader::read(std::span<const std::byte> file) {
  Segment rest(file);
  if (rest.byte() != 0xFF || rest.byte() != kStart) return false;
  for (;;) {
    if (rest.byte() != 0xFF) return false;
    const int marker = rest.byte();
    const int length = rest.word();
    if (!rest.good() || length < 2) return false;
    const auto bytes = rest.take(static_cast<std::size_t>(length) - 2);
    if (!rest.good() || !segment(marker, Segment(bytes))) return false;
    if (marker == kScan) break;
  }
  frame.scan = file.size() - rest.left();
  const bool has_size = std::min(frame.size.width, frame.size.height) > 0 &&
                        std::max(frame.size.width, frame.size.height) <= kMaxSide;
  if (!has_size || frame.components == 1) return has_size;
  // Chroma of one or two columns is upsampled by libjpeg in another way.
  return is_ycc() && (frame.h == 1 || frame.chroma().width > 2);
}

}  // namespace

std::optional<JpegFrame> read_baseline_frame(std::span<const std::byte> file) {
  FrameReader reader;
  if (!reader.read(file)) return std::nullopt;
  return reader.frame;
}

}  // namespace imgcls::data
