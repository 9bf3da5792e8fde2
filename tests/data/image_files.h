#pragma once
// Image files made for a test.

#include "support.h"

#include <cstdio>
// After stdio.h, which it needs.
#include <imgcls/image/encode.h>
#include <jpeglib.h>

#include <cstdlib>
#include <filesystem>
#include <vector>

namespace support {

struct JpegKind {
  bool grey = false, progressive = false, restarts = false;
  int sampling = 2;  ///< 2: 4:2:0; 1: 4:4:4
};

/// The bytes of a JPEG of made-up pixels; the same for the same arguments.
inline std::vector<std::uint8_t> jpeg_file(int width, int height, const JpegKind& kind = {}) {
  imgcls::data::Image image = make_image(width, height);
  jpeg_compress_struct jpeg{};
  jpeg_error_mgr errors{};
  jpeg.err = jpeg_std_error(&errors);
  jpeg_create_compress(&jpeg);
  unsigned char* memory = nullptr;
  unsigned long bytes = 0;
  jpeg_mem_dest(&jpeg, &memory, &bytes);
  jpeg.image_width = static_cast<JDIMENSION>(width);
  jpeg.image_height = static_cast<JDIMENSION>(height);
  jpeg.input_components = 3;
  jpeg.in_color_space = JCS_RGB;
  jpeg_set_defaults(&jpeg);
  if (kind.grey) jpeg_set_colorspace(&jpeg, JCS_GRAYSCALE);
  jpeg.comp_info[0].h_samp_factor = kind.grey ? 1 : kind.sampling;
  jpeg.comp_info[0].v_samp_factor = kind.grey ? 1 : kind.sampling;
  if (kind.progressive) jpeg_simple_progression(&jpeg);
  if (kind.restarts) jpeg.restart_in_rows = 1;
  jpeg_start_compress(&jpeg, TRUE);
  while (jpeg.next_scanline < jpeg.image_height) {
    JSAMPROW row = image.row(static_cast<int>(jpeg.next_scanline));
    jpeg_write_scanlines(&jpeg, &row, 1);
  }
  jpeg_finish_compress(&jpeg);
  std::vector<std::uint8_t> file(memory, memory + bytes);
  jpeg_destroy_compress(&jpeg);
  std::free(memory);
  return file;
}

inline void write_jpeg(const std::filesystem::path& path, int width, int height,
                       const JpegKind& kind = {}) {
  write(path, jpeg_file(width, height, kind));
}

inline void write_png(const std::filesystem::path& path, int width, int height) {
  imgcls::data::write_png(make_image(width, height), path);
}

}  // namespace support
