#pragma once
// What an index keeps of an image file, from its bytes. Internal to imgcls::data.

#include <imgcls/data/index_content.h>
#include <imgcls/image/image.h>

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace imgcls::data {

/// Fills in size, hash, pixels, flags and checkpoints of `record`. Decodes the whole image, into
/// `scratch`, because nothing less finds what is truncated. Where it cannot be decoded the record
/// is marked corrupt and the reason, which names `name`, is returned; else nothing.
std::string scan_image(std::span<const std::byte> file, std::string_view name, Image& scratch,
                       SampleRecord& record);

}  // namespace imgcls::data
