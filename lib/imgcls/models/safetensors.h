#pragma once
// Named tensors in a safetensors file (weights/safetensors.h).

#include <imgcls/models/model.h>

#include <filesystem>
#include <span>
#include <vector>

namespace imgcls::models {

/// Reads all tensors, on the CPU, in the order of their offsets. Throws WeightsError naming the
/// file and what is wrong with it, or IoError.
std::vector<NamedTensor> read_safetensors(const std::filesystem::path& path);

/// Writes tensors of any device and memory layout, in the order given; the file has its name when
/// it is whole and on the disk. Throws WeightsError for a dtype that the format lacks, IoError when
/// writing fails.
void write_safetensors(const std::filesystem::path& path, std::span<const NamedTensor> tensors);

}  // namespace imgcls::models
