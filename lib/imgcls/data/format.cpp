#include <imgcls/data/format.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <string_view>

namespace imgcls::data {
namespace {

/// Numbers at places in a file; past its end they are 0, which no size check lets through.
class Reader {
 public:
  Reader(std::span<const std::byte> file, bool big_endian) : file_(file), big_(big_endian) {}

  std::uint64_t number(std::uint64_t at, unsigned bytes) const {
    if (at > file_.size() || file_.size() - at < bytes) return 0;
    std::uint64_t value = 0;
    for (unsigned i = 0; i < bytes; ++i) {
      const std::uint64_t byte = std::to_integer<std::uint64_t>(file_[at + i]);
      value |= byte << (8 * (big_ ? bytes - 1 - i : i));
    }
    return value;
  }

 private:
  std::span<const std::byte> file_;
  bool big_;
};

std::string_view text(std::span<const std::byte> file) {
  return {reinterpret_cast<const char*>(file.data()), file.size()};
}

std::uint64_t png_pixels(std::span<const std::byte> file) {
  const Reader read(file, true);
  return read.number(16, 4) * read.number(20, 4);
}

std::uint64_t bmp_pixels(std::span<const std::byte> file) {
  const Reader read(file, false);
  if (read.number(14, 4) == 12) return read.number(18, 2) * read.number(20, 2);  // OS/2
  const auto width = static_cast<std::int32_t>(read.number(18, 4));
  const auto height = static_cast<std::int32_t>(read.number(22, 4));  // negative: top row first
  return width <= 0 ? 0
                    : static_cast<std::uint64_t>(width) *
                          static_cast<std::uint64_t>(std::abs(std::int64_t{height}));
}

std::uint64_t webp_pixels(std::span<const std::byte> file) {
  const Reader read(file, false);
  const std::string_view kind = text(file).substr(12, 4);
  if (kind == "VP8 ") return (read.number(26, 2) & 0x3FFF) * (read.number(28, 2) & 0x3FFF);
  if (kind == "VP8L") {
    const std::uint64_t bits = read.number(21, 4);
    return ((bits & 0x3FFF) + 1) * ((bits >> 14 & 0x3FFF) + 1);
  }
  if (kind == "VP8X") return (read.number(24, 3) + 1) * (read.number(27, 3) + 1);
  return 0;
}

// Width and height are the first two numbers of the text header, in which # begins a comment that
// ends with the line. What follows a number must be white space: readers differ in what they make
// of "3#4", and the decoder must not see another size than this function.
std::uint64_t pnm_pixels(std::span<const std::byte> file) {
  const auto is_space = [](char c) {
    return std::string_view(" \t\r\n").find(c) != std::string_view::npos;
  };
  std::string_view rest = text(file).substr(2);
  std::uint64_t pixels = 1;
  for (int i = 0; i < 2; ++i) {
    while (!rest.empty() && (rest[0] == '#' || is_space(rest[0]))) {
      rest.remove_prefix(rest[0] == '#' ? std::min(rest.find_first_of("\r\n"), rest.size()) : 1);
    }
    std::uint32_t number = 0;
    const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), number);
    if (error != std::errc()) return 0;
    rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
    if (rest.empty() || !is_space(rest[0])) return 0;
    pixels *= number;
  }
  return pixels;
}

// The first page: tags 256 and 257 of the first directory, as 16 or 32-bit numbers.
std::uint64_t tiff_pixels(std::span<const std::byte> file) {
  const Reader read(file, text(file)[0] == 'M');
  const std::uint64_t directory = read.number(4, 4);
  const std::uint64_t entries = read.number(directory, 2);
  std::uint64_t width = 0, height = 0;
  for (std::uint64_t i = 0; i < entries; ++i) {
    const std::uint64_t entry = directory + 2 + 12 * i;
    const std::uint64_t tag = read.number(entry, 2);
    const std::uint64_t value = read.number(entry + 8, read.number(entry + 2, 2) == 3 ? 2 : 4);
    if (tag == 256) width = value;
    if (tag == 257) height = value;
  }
  return width * height;
}

}  // namespace

std::optional<ImageFormat> recognise(std::span<const std::byte> file) {
  using namespace std::string_view_literals;
  const std::string_view head = text(file.first(std::min<std::size_t>(file.size(), 16)));
  if (head.starts_with("\xFF\xD8\xFF"sv)) return ImageFormat::jpeg;
  if (head.starts_with("\x89PNG\r\n\x1A\n"sv)) return ImageFormat::png;
  if (head.size() >= 12 && head.starts_with("RIFF"sv) && head.substr(8, 4) == "WEBP"sv)
    return ImageFormat::webp;
  if (head.starts_with("II*\0"sv) || head.starts_with("MM\0*"sv)) return ImageFormat::tiff;
  if (head.starts_with("BM"sv)) return ImageFormat::bmp;
  if (head.size() > 2 && head[0] == 'P' && head[1] >= '1' && head[1] <= '6') {
    return ImageFormat::pnm;
  }
  return std::nullopt;
}

std::optional<std::uint64_t> claimed_pixels(std::span<const std::byte> file, ImageFormat format) {
  std::uint64_t pixels = 0;
  switch (format) {
    case ImageFormat::jpeg:
      break;
    case ImageFormat::png:
      pixels = png_pixels(file);
      break;
    case ImageFormat::bmp:
      pixels = bmp_pixels(file);
      break;
    case ImageFormat::webp:
      pixels = webp_pixels(file);
      break;
    case ImageFormat::pnm:
      pixels = pnm_pixels(file);
      break;
    case ImageFormat::tiff:
      pixels = tiff_pixels(file);
      break;
  }
  return pixels == 0 ? std::nullopt : std::optional(pixels);
}

}  // namespace imgcls::data
