#include <imgcls/core/inflate.h>
#include <imgcls/core/little_endian.h>
#include <imgcls/prepare/imagenet/mat_elements.h>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <type_traits>
#include <utility>

namespace imgcls::data {
namespace {

using Bytes = std::span<const std::byte>;

constexpr std::size_t kUnpackedLimit = std::size_t{32} << 20;

template <class T>
double number_at(Bytes bytes) {
  return static_cast<double>(static_cast<T>(load_le<std::make_unsigned_t<T>>(bytes)));
}

void append_utf8(std::string& text, std::uint32_t point) {
  const auto put = [&](std::uint32_t byte) { text += static_cast<char>(byte); };
  if (point < 0x80) {
    put(point);
  } else if (point < 0x800) {
    put(0xC0 | point >> 6);
    put(0x80 | (point & 0x3F));
  } else if (point < 0x10000) {
    put(0xE0 | point >> 12);
    put(0x80 | (point >> 6 & 0x3F));
    put(0x80 | (point & 0x3F));
  } else {
    put(0xF0 | point >> 18);
    put(0x80 | (point >> 12 & 0x3F));
    put(0x80 | (point >> 6 & 0x3F));
    put(0x80 | (point & 0x3F));
  }
}

std::string from_utf16(Bytes bytes) {
  if (bytes.size() % 2 != 0) throw BrokenMat("a text of 16-bit characters has an odd size");
  const auto unit = [&](std::size_t at) -> std::uint32_t {
    return at < bytes.size() ? load_le<std::uint16_t>(bytes.subspan(at, 2)) : 0;
  };
  std::string text;
  for (std::size_t at = 0; at < bytes.size(); at += 2) {
    std::uint32_t point = unit(at);
    if (point >= 0xD800 && point < 0xE000) {  // half of a character beyond 2^16
      const std::uint32_t low = unit(at + 2);
      if (point >= 0xDC00 || low < 0xDC00 || low >= 0xE000) throw BrokenMat("a text is no UTF-16");
      point = 0x10000 + ((point - 0xD800) << 10) + (low - 0xDC00);
      at += 2;
    }
    append_utf8(text, point);
  }
  return text;
}

}  // namespace

MatElement MatElements::next() {
  const auto tag = load_le<std::uint32_t>(take(4));
  if (const std::uint32_t small = tag >> 16; small != 0) {  // up to 4 bytes within the tag
    const Bytes data = take(4);
    if (small > 4) throw BrokenMat(fmt::format("a small element claims {} bytes", small));
    return {tag & 0xFFFF, data.first(small)};
  }
  const std::size_t size = load_le<std::uint32_t>(take(4));
  const MatElement element{tag, take(size)};
  // Compressed elements are followed by the next one at once, others from a multiple of 8 on.
  const std::size_t padding = tag == kCompressed ? 0 : (8 - size % 8) % 8;
  bytes_ = bytes_.subspan(std::min(padding, bytes_.size()));
  return element;
}

MatElement MatElements::next(std::uint32_t type, std::string_view what) {
  const MatElement element = next();
  if (element.type != type) {
    throw BrokenMat(fmt::format("{} has element type {}; expected {}", what, element.type, type));
  }
  return element;
}

Bytes MatElements::take(std::size_t count) {
  if (bytes_.size() < count) {
    throw BrokenMat(
        fmt::format("an element of {} bytes stands where {} are left", count, bytes_.size()));
  }
  return std::exchange(bytes_, bytes_.subspan(count)).first(count);
}

std::vector<std::byte> unpack(const MatElement& element) {
  try {
    return inflated(element.bytes, Packing::zlib, kUnpackedLimit, "its compressed data");
  } catch (const InflateError& e) {
    throw BrokenMat(e.what());
  }
}

std::vector<double> numbers_of(const MatElement& element) {
  struct Storage {
    std::uint32_t type;
    std::size_t size;
    double (*read)(Bytes);
  };
  static constexpr std::array<Storage, 10> kStorages = {{
      {kInt8, 1, number_at<std::int8_t>},
      {kUint8, 1, number_at<std::uint8_t>},
      {kInt16, 2, number_at<std::int16_t>},
      {kUint16, 2, number_at<std::uint16_t>},
      {kInt32, 4, number_at<std::int32_t>},
      {kUint32, 4, number_at<std::uint32_t>},
      {kSingle, 4,
       [](Bytes b) -> double { return std::bit_cast<float>(load_le<std::uint32_t>(b)); }},
      {kDouble, 8, [](Bytes b) { return std::bit_cast<double>(load_le<std::uint64_t>(b)); }},
      {kInt64, 8, number_at<std::int64_t>},
      {kUint64, 8, number_at<std::uint64_t>},
  }};
  for (const Storage& storage : kStorages) {
    if (storage.type != element.type) continue;
    if (element.bytes.size() % storage.size != 0) {
      throw BrokenMat(fmt::format("{} bytes are not a whole number of values of {} bytes",
                                  element.bytes.size(), storage.size));
    }
    if (element.bytes.size() / storage.size > kMatValuesLimit) {
      throw BrokenMat("an element has too many numbers");
    }
    std::vector<double> numbers;
    numbers.reserve(element.bytes.size() / storage.size);
    for (std::size_t at = 0; at < element.bytes.size(); at += storage.size) {
      numbers.push_back(storage.read(element.bytes.subspan(at, storage.size)));
    }
    return numbers;
  }
  throw BrokenMat(
      fmt::format("numbers are stored as element type {}, which is none", element.type));
}

std::string text_of(const MatElement& element) {
  switch (element.type) {
    case kUtf8:
      return std::string(raw_text(element.bytes));
    case kUint16:
    case kUtf16:
      return from_utf16(element.bytes);
    case kInt8:
    case kUint8: {  // Latin-1
      std::string text;
      for (const std::byte byte : element.bytes) {
        append_utf8(text, std::to_integer<std::uint32_t>(byte));
      }
      return text;
    }
    default:
      throw BrokenMat(fmt::format("a text is stored as element type {}", element.type));
  }
}

std::string_view raw_text(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace imgcls::data
