#pragma once
// The safetensors format: 8 bytes of header length, a JSON header with dtype, shape and offsets of
// each tensor, then the bytes. Nothing in such a file is ever run.

#include <imgcls/core/byte_source.h>
#include <imgcls/weights/listing.h>

#include <span>
#include <string>

namespace imgcls::weights {

/// The tensors of a file, in the order of their offsets; each has a storage of its own. Throws
/// WeightsError naming the file and what is wrong with it: a header longer than 100 MB or than the
/// file, broken or deeply nested JSON, a duplicate name, an unknown dtype, offsets that overlap,
/// leave a hole, or do not fit the shape or the file.
Listing parse_safetensors(const ByteSource& file);

/// Whether the file begins as a safetensors file does, readable or not: with a length that a header
/// may have, and then '{'. No file of torch.save does.
bool looks_like_safetensors(const ByteSource& file);

/// What stands before the values of contiguous tensors that follow in this order: the header and
/// its length. Throws WeightsError for a type that the format lacks.
std::string safetensors_head(std::span<const StoredTensor> tensors);

}  // namespace imgcls::weights
