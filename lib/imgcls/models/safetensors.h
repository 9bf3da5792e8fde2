#pragma once
// Named tensors in a safetensors file: 8 bytes of header length, a JSON header with dtype, shape
// and offsets of each tensor, then the bytes. Nothing in such a file is ever run.

#include <imgcls/models/model.h>

#include <filesystem>
#include <span>
#include <vector>

namespace imgcls::models {

/// Reads all tensors, on the CPU, in the order of their offsets. Throws WeightsError naming the
/// file and what is wrong with it: a header longer than 100 MB or than the file, broken JSON, a
/// duplicate name, an unknown dtype, offsets that overlap, leave a hole, or do not fit the shape or
/// the file.
std::vector<NamedTensor> read_safetensors(const std::filesystem::path& path);

/// Writes tensors of any device and memory layout, in the order given, and flushes them to the
/// disk. Throws WeightsError for a dtype that the format lacks, IoError when writing fails.
void write_safetensors(const std::filesystem::path& path, std::span<const NamedTensor> tensors);

}  // namespace imgcls::models
