#pragma once
// PyTorch's own files of weights, .pth or .pt: a pickle that describes tensors, and the bytes of
// their storages. Two formats: a ZIP file, since PyTorch 1.6; before, pickles one after the other
// and then the storages. After torch/serialization.py of PyTorch 2.15. Nothing in such a file is
// ever run.

#include <imgcls/core/byte_source.h>
#include <imgcls/weights/listing.h>

#include <cstddef>
#include <span>
#include <vector>

namespace imgcls::weights {

/// The state dict in a .pth of either format (state_dict.h says which of several). Throws
/// WeightsError naming the file and what is wrong with it: anything broken; a pickle that would
/// call what no state dict needs; a compressed entry; another order of bytes than little-endian;
/// the tar files of before PyTorch 0.1.10.
Listing parse_pth(const ByteSource& file);

/// Whether the file begins as a .pth does, readable or not.
bool looks_like_pth(const ByteSource& file);

/// The pickle that `torch.save` writes into its ZIP files for an OrderedDict of contiguous tensors
/// with a storage each, numbered from 0.
std::vector<std::byte> pth_pickle(std::span<const StoredTensor> tensors);

}  // namespace imgcls::weights
