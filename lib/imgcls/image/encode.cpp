#include <imgcls/core/error.h>
#include <imgcls/core/new_file.h>
#include <imgcls/image/encode.h>
#include <imgcls/image/grey16.h>

#include <fmt/format.h>

#include <csetjmp>
#include <cstdio>
// jpeglib.h needs stdio.h before it.
#include <jpeglib.h>
#include <zlib.h>

#include <array>
#include <cstdlib>
#include <cstring>
#include <span>
#include <string_view>

namespace imgcls::data {
namespace {

[[noreturn]] void fail(const Image& image, std::string_view kind) {
  throw IoError(
      fmt::format("cannot make a {} of {} x {} pixels", kind, image.size.width, image.size.height));
}

struct ErrorManager {
  jpeg_error_mgr base;  // first, so that a pointer to it is one to the whole
  std::jmp_buf jump;
};

[[noreturn]] void on_error(j_common_ptr info) {
  std::longjmp(reinterpret_cast<ErrorManager*>(info->err)->jump, 1);
}

/// libjpeg's state, in a class so that longjmp jumps over nothing that has a destructor.
class Compressor {
 public:
  Compressor() {
    info_.err = jpeg_std_error(&errors_.base);
    errors_.base.error_exit = on_error;
  }
  ~Compressor() {
    jpeg_destroy_compress(&info_);
    std::free(memory_);
  }
  Compressor(const Compressor&) = delete;
  Compressor& operator=(const Compressor&) = delete;

  bool compress(const Image& image, int quality) {
    if (setjmp(errors_.jump) != 0) return false;
    jpeg_create_compress(&info_);
    jpeg_mem_dest(&info_, &memory_, &size_);
    info_.image_width = static_cast<JDIMENSION>(image.size.width);
    info_.image_height = static_cast<JDIMENSION>(image.size.height);
    info_.input_components = 3;
    info_.in_color_space = JCS_RGB;
    jpeg_set_defaults(&info_);
    jpeg_set_quality(&info_, quality, TRUE);
    jpeg_start_compress(&info_, TRUE);
    while (info_.next_scanline < info_.image_height) {
      // libjpeg takes no const rows; it only reads them.
      auto* row = const_cast<JSAMPROW>(image.row(static_cast<int>(info_.next_scanline)));
      jpeg_write_scanlines(&info_, &row, 1);
    }
    jpeg_finish_compress(&info_);
    return true;
  }
  std::span<const std::byte> bytes() const {
    return std::as_bytes(std::span(memory_, static_cast<std::size_t>(size_)));
  }

 private:
  ErrorManager errors_{};
  jpeg_compress_struct info_{};
  unsigned char* memory_ = nullptr;
  unsigned long size_ = 0;
};

void append_number(std::vector<std::uint8_t>& bytes, std::uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) {
    bytes.push_back(static_cast<std::uint8_t>(value >> shift));
  }
}

/// Length, type, content, and the checksum of the last two.
void append_chunk(std::vector<std::uint8_t>& png, std::string_view type,
                  std::span<const std::uint8_t> content) {
  append_number(png, static_cast<std::uint32_t>(content.size()));
  const std::size_t begin = png.size();
  png.insert(png.end(), type.begin(), type.end());
  png.insert(png.end(), content.begin(), content.end());
  append_number(png, static_cast<std::uint32_t>(crc32_z(0, &png[begin], png.size() - begin)));
}

/// The rows, each after a byte that says that it is stored as it is, compressed.
std::vector<std::uint8_t> deflated_rows(const Image& image) {
  const auto row_bytes = static_cast<std::size_t>(image.size.width) * 3;
  std::vector<std::uint8_t> rows;
  rows.reserve((row_bytes + 1) * static_cast<std::size_t>(image.size.height));
  for (int y = 0; y < image.size.height; ++y) {
    rows.push_back(0);
    rows.insert(rows.end(), image.row(y), image.row(y) + row_bytes);
  }
  auto size = compressBound(rows.size());
  std::vector<std::uint8_t> deflated(size);
  if (compress(deflated.data(), &size, rows.data(), rows.size()) != Z_OK) fail(image, "PNG");
  deflated.resize(size);
  return deflated;
}

}  // namespace

std::vector<std::byte> encode_jpeg(const Image& image, int quality) {
  if (image.bits == 16) return encode_jpeg(with_bits(image, 8), quality);
  Compressor compressor;
  if (!compressor.compress(image, quality)) fail(image, "JPEG");
  return {compressor.bytes().begin(), compressor.bytes().end()};
}

std::vector<std::byte> encode_png(const Image& image) {
  if (image.bits == 16) return encode_png(with_bits(image, 8));
  std::vector<std::uint8_t> png{0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};
  std::vector<std::uint8_t> header;
  append_number(header, static_cast<std::uint32_t>(image.size.width));
  append_number(header, static_cast<std::uint32_t>(image.size.height));
  header.insert(header.end(),
                {8, 2, 0, 0, 0});  // bits a sample, RGB, and the only methods there are
  append_chunk(png, "IHDR", header);
  append_chunk(png, "IDAT", deflated_rows(image));
  append_chunk(png, "IEND", {});
  const auto bytes = std::as_bytes(std::span(png));
  return {bytes.begin(), bytes.end()};
}

void write_png(const Image& image, const std::filesystem::path& path) {
  const std::vector<std::byte> bytes = encode_png(image);
  NewFile file(path);
  file.write(bytes);
  file.commit();
}

}  // namespace imgcls::data
