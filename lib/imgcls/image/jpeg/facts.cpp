#include <imgcls/image/jpeg/facts.h>

#include <cstdint>
#include <string_view>

namespace imgcls::data {
namespace {

using namespace std::string_view_literals;

/// A segment's bytes; past its end they are 0.
class Segment {
 public:
  explicit Segment(std::span<const std::byte> bytes, bool little_endian = false)
      : bytes_(bytes), little_(little_endian) {}

  int byte(std::size_t at) const {
    return at < bytes_.size() ? std::to_integer<int>(bytes_[at]) : 0;
  }
  std::uint32_t two(std::size_t at) const {
    return static_cast<std::uint32_t>(little_ ? byte(at + 1) << 8 | byte(at)
                                              : byte(at) << 8 | byte(at + 1));
  }
  std::uint32_t four(std::size_t at) const {
    return little_ ? two(at + 2) << 16 | two(at) : two(at) << 16 | two(at + 2);
  }
  bool starts_with(std::string_view text) const {
    return std::string_view(reinterpret_cast<const char*>(bytes_.data()), bytes_.size())
        .starts_with(text);
  }
  std::size_t size() const { return bytes_.size(); }
  std::span<const std::byte> from(std::size_t at) const { return bytes_.subspan(at); }

 private:
  std::span<const std::byte> bytes_;
  bool little_;
};

// The Orientation tag of the first directory of the TIFF in an APP1 segment.
int exif_orientation(const Segment& app1) {
  if (!app1.starts_with("Exif\0\0"sv) || app1.size() < 14) return 0;
  const Segment tiff(app1.from(6), app1.byte(6) == 'I');
  const std::size_t directory = tiff.four(4);
  const std::size_t entries = tiff.two(directory);
  for (std::size_t i = 0; i < entries && directory + 14 + 12 * i <= tiff.size(); ++i) {
    const std::size_t entry = directory + 2 + 12 * i;
    if (tiff.two(entry) != 0x0112) continue;
    const std::uint32_t value = tiff.two(entry + 8);
    return value >= 1 && value <= 8 ? static_cast<int>(value) : 0;
  }
  return 0;
}

bool is_frame(int marker) {
  return marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC;
}

void note_frame(int marker, const Segment& frame, JpegFacts& facts) {
  facts.height = static_cast<int>(frame.two(1));
  facts.width = static_cast<int>(frame.two(3));
  facts.components = frame.byte(5);
  facts.sampling_width = frame.byte(7) >> 4;
  facts.sampling_height = frame.byte(7) & 15;
  facts.progressive = (marker & 3) == 2;
  facts.arithmetic = marker >= 0xC9;
}

void note(int marker, const Segment& segment, JpegFacts& facts) {
  if (is_frame(marker)) note_frame(marker, segment, facts);
  if (marker == 0xDD) facts.restarts = segment.two(0) != 0;
  if (marker == 0xEE && segment.starts_with("Adobe"sv)) facts.adobe_transform = segment.byte(11);
  if (marker == 0xE1 && facts.orientation == 0) facts.orientation = exif_orientation(segment);
}

}  // namespace

std::optional<JpegFacts> jpeg_facts(std::span<const std::byte> file) {
  constexpr int kScan = 0xDA;
  const Segment bytes(file);
  JpegFacts facts;
  std::size_t at = 2;  // after the start of the image
  while (at + 4 <= file.size()) {
    if (bytes.byte(at) != 0xFF || bytes.byte(at + 1) == 0xFF) {  // stray or fill bytes
      ++at;
      continue;
    }
    const int marker = bytes.byte(at + 1);
    if (marker == 0 || marker == 1 || (marker >= 0xD0 && marker <= 0xD9)) {  // no length follows
      at += 2;
      continue;
    }
    if (marker == kScan) return facts.components > 0 ? std::optional(facts) : std::nullopt;
    const std::size_t length = bytes.two(at + 2);
    if (length < 2 || length > file.size() - at - 2) return std::nullopt;
    note(marker, Segment(file.subspan(at + 4, length - 2)), facts);
    at += 2 + length;
  }
  return std::nullopt;
}

}  // namespace imgcls::data
