#pragma once
// Named tensors in PyTorch's own files, .pth or .pt (weights/pth.h).

#include <imgcls/models/model.h>

#include <filesystem>
#include <span>
#include <vector>

namespace imgcls::models {

/// Reads the state dict in a file of `torch.save`, of before or since PyTorch 1.6, on the CPU, in
/// its order; tensors that share memory there share it here. Runs nothing. Throws WeightsError
/// naming the file and what is wrong with it, or IoError.
std::vector<NamedTensor> read_pth(const std::filesystem::path& path);

/// Writes an OrderedDict of tensors that `torch.load(path, weights_only=True)` reads, of any device
/// and memory layout, each contiguous and with a storage of its own. Equal tensors give equal
/// bytes; the file has its name when it is whole and on the disk. Throws WeightsError for a dtype
/// that is not stored, IoError when writing fails.
void write_pth(const std::filesystem::path& path, std::span<const NamedTensor> tensors);

}  // namespace imgcls::models
