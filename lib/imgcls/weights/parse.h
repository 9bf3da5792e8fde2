#pragma once
// Weights of any known format.

#include <imgcls/core/byte_source.h>
#include <imgcls/weights/listing.h>

#include <string_view>

namespace imgcls::weights {

enum class Format { safetensors, pth };

/// The format that a file's name says: .safetensors, or .pth, .pt and .bin. Throws ConfigError for
/// another.
Format format_of_name(std::string_view name);

/// Lists a file of either format, which its first bytes tell. Throws WeightsError.
Listing parse_weights(const ByteSource& file);

}  // namespace imgcls::weights
