#include <imgcls/core/error.h>
#include <imgcls/image/cmyk.h>
#include <imgcls/image/decode.h>
#include <imgcls/image/decoders.h>
#include <imgcls/image/jpeg/libjpeg.h>

#include <fmt/format.h>

#include <csetjmp>
#include <cstdio>
// In this order: jpeglib.h needs stdio.h, jerror.h what jpeglib.h defines.
#include <jpeglib.h>
//
#include <jerror.h>

#include <algorithm>
#include <array>
#include <vector>

namespace imgcls::data {
namespace {

// libjpeg goes on after a warning, with grey where data are missing. These say that pixels are
// lost; the others (stray bytes between segments, an unknown Adobe flag, a broken colour profile)
// do not, and stand in good photographs.
bool loses_pixels(int warning) {
  return warning == JWRN_JPEG_EOF || warning == JWRN_HIT_MARKER || warning == JWRN_HUFF_BAD_CODE ||
         warning == JWRN_ARITH_BAD_CODE || warning == JWRN_MUST_RESYNC;
}

/// libjpeg's error manager, and where to go on after an error.
struct ErrorManager {
  jpeg_error_mgr base;  // first, so that a pointer to it is one to the whole
  std::jmp_buf jump;
  std::array<char, JMSG_LENGTH_MAX> message;
};

[[noreturn]] void on_error(j_common_ptr info) {
  auto* errors = reinterpret_cast<ErrorManager*>(info->err);
  errors->base.format_message(info, errors->message.data());
  std::longjmp(errors->jump, 1);
}

void on_message(j_common_ptr info, int level) {
  if (level < 0 && loses_pixels(info->err->msg_code)) on_error(info);
}

void on_progress(j_common_ptr info) {
  if (reinterpret_cast<j_decompress_ptr>(info)->input_scan_number <= kMaxScans) return;
  auto* errors = reinterpret_cast<ErrorManager*>(info->err);
  std::snprintf(errors->message.data(), errors->message.size(), "it has more than %d scans",
                kMaxScans);
  std::longjmp(errors->jump, 1);
}

// Adobe's inverted CMYK: 255 is no ink.
void cmyk_to_rgb(const std::uint8_t* cmyk, int width, std::uint8_t* rgb) {
  for (int x = 0; x < width; ++x, cmyk += 4, rgb += 3) {
    const int light = cmyk[3];
    for (int c = 0; c < 3; ++c) {
      rgb[c] = under_ink(light, 255 - cmyk[c]);
    }
  }
}

/// A libjpeg decompressor. libjpeg reports errors by longjmp, which runs no destructors: each
/// member function that calls it sets the jump's target itself, holds nothing that has a
/// destructor, and returns false after an error.
class Decompressor {
 public:
  Decompressor() {
    info_.err = jpeg_std_error(&errors_.base);
    errors_.base.error_exit = on_error;
    errors_.base.emit_message = on_message;
    progress_.progress_monitor = on_progress;
  }
  ~Decompressor() { jpeg_destroy_decompress(&info_); }
  Decompressor(const Decompressor&) = delete;
  Decompressor& operator=(const Decompressor&) = delete;

  bool read_header(std::span<const std::byte> file) {
    if (setjmp(errors_.jump) != 0) return false;
    jpeg_create_decompress(&info_);
    info_.progress = &progress_;
    jpeg_mem_src(&info_, reinterpret_cast<const unsigned char*>(file.data()),
                 static_cast<unsigned long>(file.size()));
    jpeg_read_header(&info_, TRUE);
    return true;
  }

  void start() {
    info_.out_color_space = four_inks() ? JCS_CMYK : JCS_RGB;
    info_.dct_method = JDCT_ISLOW;
    info_.do_fancy_upsampling = TRUE;
    jpeg_start_decompress(&info_);
  }

  /// Decodes all rows. `cmyk_row` is room for a row of CMYK pixels, used for four components.
  bool read_rows(std::uint8_t* pixels, std::uint8_t* cmyk_row) {
    if (setjmp(errors_.jump) != 0) return false;
    start();
    while (info_.output_scanline < info_.output_height) {
      read_row(pixels + static_cast<std::size_t>(info_.output_scanline) * info_.output_width * 3,
               cmyk_row);
    }
    return true;
  }

  /// Decodes the rows of a region, and of more columns than it has: [first, first + width).
  bool start_region(Rect region, JDIMENSION& first, JDIMENSION& width) {
    if (setjmp(errors_.jump) != 0) return false;
    start();
    first = 0;
    width = info_.output_width;
    // Of a progressive file the coefficients of all rows are there by now.
    if (jpeg_has_multiple_scans(&info_)) return true;
    // At the edge of what it decodes, libjpeg lacks neighbours that upsampling mixes in.
    constexpr int kNeighbours = 2;
    first = static_cast<JDIMENSION>(std::max(0, region.x - kNeighbours));
    width = std::min(static_cast<JDIMENSION>(region.x + region.width + kNeighbours),
                     info_.output_width) -
            first;
    jpeg_crop_scanline(&info_, &first, &width);
    return true;
  }
  bool skip_rows(int count) {
    if (setjmp(errors_.jump) != 0) return false;
    if (!jpeg_has_multiple_scans(&info_)) {
      jpeg_skip_scanlines(&info_, static_cast<JDIMENSION>(count));
    }
    return true;
  }
  bool read_one(std::uint8_t* rgb, std::uint8_t* cmyk_row) {
    if (setjmp(errors_.jump) != 0) return false;
    read_row(rgb, cmyk_row);
    return true;
  }

  bool four_inks() const {
    return info_.jpeg_color_space == JCS_CMYK || info_.jpeg_color_space == JCS_YCCK;
  }
  const jpeg_decompress_struct& info() const { return info_; }
  const char* message() const { return errors_.message.data(); }

 private:
  // Not inlined, so that no variable of it lives where longjmp comes back to.
  [[gnu::noinline]] void read_row(std::uint8_t* rgb, std::uint8_t* cmyk_row) {
    JSAMPROW row = four_inks() ? cmyk_row : rgb;
    jpeg_read_scanlines(&info_, &row, 1);
    if (four_inks()) cmyk_to_rgb(cmyk_row, static_cast<int>(info_.output_width), rgb);
  }

  jpeg_decompress_struct info_{};
  ErrorManager errors_{};
  jpeg_progress_mgr progress_{};
};

[[noreturn]] void fail(std::string_view name, std::string_view reason) {
  throw DataError(fmt::format("cannot decode {} as JPEG: {}", name, reason));
}

// Reads the headers, and refuses what cannot be decoded or claims too much.
Size open(Decompressor& jpeg, std::span<const std::byte> file, std::string_view name,
          std::size_t max_pixels = kMaxPixels) {
  if (!jpeg.read_header(file)) fail(name, jpeg.message());
  const auto& info = jpeg.info();
  if (info.data_precision != 8) {
    fail(name, fmt::format("it has {} bits a sample; 8 are supported", info.data_precision));
  }
  const std::size_t width = info.image_width, height = info.image_height;
  if (width * height > max_pixels) {
    fail(name, fmt::format("its header claims {} x {} pixels; at most {} are accepted", width,
                           height, max_pixels));
  }
  return {static_cast<int>(width), static_cast<int>(height)};
}

std::vector<std::uint8_t> cmyk_row_for(const Decompressor& jpeg) {
  return std::vector<std::uint8_t>(jpeg.four_inks() ? std::size_t{jpeg.info().image_width} * 4 : 0);
}

}  // namespace

void decode_jpeg(std::span<const std::byte> file, std::string_view name, Image& image,
                 std::size_t max_pixels) {
  Decompressor jpeg;
  allocate(image, open(jpeg, file, name, max_pixels));
  std::vector<std::uint8_t> cmyk_row = cmyk_row_for(jpeg);
  if (!jpeg.read_rows(image.pixels.data(), cmyk_row.data())) fail(name, jpeg.message());
}

Size jpeg_size(std::span<const std::byte> file, std::string_view name) {
  Decompressor jpeg;
  return open(jpeg, file, name);
}

void decode_jpeg_region(std::span<const std::byte> file, std::string_view name, Rect region,
                        RowSink& sink) {
  Decompressor jpeg;
  open(jpeg, file, name);
  std::vector<std::uint8_t> cmyk_row = cmyk_row_for(jpeg);
  JDIMENSION first = 0, width = 0;
  if (!jpeg.start_region(region, first, width)) fail(name, jpeg.message());
  std::vector<std::uint8_t> row(std::size_t{width} * 3);
  if (!jpeg.skip_rows(region.y)) fail(name, jpeg.message());
  const std::uint8_t* const begin = row.data() + (static_cast<std::size_t>(region.x) - first) * 3;
  const int last = region.y + region.height;
  while (static_cast<int>(jpeg.info().output_scanline) < last) {
    const bool in_region = static_cast<int>(jpeg.info().output_scanline) >= region.y;
    if (!jpeg.read_one(row.data(), cmyk_row.data())) fail(name, jpeg.message());
    if (in_region) sink.rows(begin, row.size(), 1);
  }
}

}  // namespace imgcls::data
