#pragma once
// What a JPEG's header says of it beyond its size, without decoding. Internal to imgcls::data.

#include <cstddef>
#include <optional>
#include <span>

namespace imgcls::data {

struct JpegFacts {
  int width = 0, height = 0;
  int components = 0;
  int sampling_width = 0, sampling_height = 0;  ///< factors of the first component
  bool progressive = false;
  bool arithmetic = false;   ///< entropy code
  bool restarts = false;     ///< a restart interval is set before the first scan
  int adobe_transform = -1;  ///< of the APP14 segment; -1: there is none
  int orientation = 0;       ///< EXIF's, 1 to 8; 0: not said
};

/// Reads the segments up to the first scan; nothing where they are cut off or broken.
std::optional<JpegFacts> jpeg_facts(std::span<const std::byte> file);

}  // namespace imgcls::data
