#pragma once
// Weights of any known format.

#include <imgcls/core/byte_source.h>
#include <imgcls/weights/listing.h>

#include <string_view>

namespace imgcls::weights {

/// Formats of files of weights.
enum class Format { safetensors, pth };

/// The format that a file's name says: .safetensors, or .pth, .pt and .bin. Throws ConfigError for
/// another.
Format format_of_name(std::string_view name);

/// Lists a file of either format, which its first bytes tell, with the names that it has. `key`
/// chooses one of several state dicts in a .pth (state_dict.h), and in a safetensors file the
/// tensors whose names begin with it and a dot. Throws WeightsError; a file that holds no weights
/// is named for what it is: a web page, a Git LFS pointer ...
Listing parse_weights(const ByteSource& file, std::string_view key = "");

}  // namespace imgcls::weights
