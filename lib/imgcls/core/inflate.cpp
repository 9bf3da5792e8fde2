#include <imgcls/core/inflate.h>

#include <fmt/format.h>
#include <zlib.h>

#include <cstdint>
#include <string>

namespace imgcls {
namespace {

/// zlib's decompressor, released at the end of its scope.
struct Inflater {
  z_stream stream{};
  Inflater(std::span<const std::byte> packed, Packing packing) {
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(packed.data()));
    stream.avail_in = static_cast<uInt>(packed.size());
    constexpr int kGzip = 16;
    const int bits = MAX_WBITS + (packing == Packing::gzip ? kGzip : 0);
    if (inflateInit2(&stream, bits) != Z_OK) throw Error("zlib cannot be used");
  }
  ~Inflater() { inflateEnd(&stream); }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;
};

std::string size_text(std::size_t bytes) {
  const std::size_t mib = bytes >> 20;
  return mib % 1024 == 0 ? fmt::format("{} GiB", mib / 1024) : fmt::format("{} MiB", mib);
}

}  // namespace

std::vector<std::byte> inflated(std::span<const std::byte> packed, Packing packing,
                                std::size_t most, std::string_view what) {
  Inflater inflater(packed, packing);
  std::vector<std::byte> bytes;
  std::vector<std::byte> piece(std::size_t{1} << 18);
  int status = Z_OK;
  while (status != Z_STREAM_END) {
    inflater.stream.next_out = reinterpret_cast<Bytef*>(piece.data());
    inflater.stream.avail_out = static_cast<uInt>(piece.size());
    status = ::inflate(&inflater.stream, Z_NO_FLUSH);
    if (status == Z_BUF_ERROR) throw InflateError(fmt::format("{} are truncated", what));
    if (status != Z_OK && status != Z_STREAM_END) {
      throw InflateError(fmt::format("{} are corrupt", what));
    }
    const std::size_t got = piece.size() - inflater.stream.avail_out;
    bytes.insert(bytes.end(), piece.begin(), piece.begin() + static_cast<std::ptrdiff_t>(got));
    if (bytes.size() > most) {
      throw InflateError(fmt::format("it unpacks to more than {}", size_text(most)));
    }
  }
  if (inflater.stream.avail_in != 0) throw InflateError(fmt::format("bytes follow {}", what));
  return bytes;
}

}  // namespace imgcls
