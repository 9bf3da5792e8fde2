#pragma once
// PyTorch's own files of weights, .pth or .pt: a pickle that describes tensors, and the bytes of
// their storages. Two formats: a ZIP file, since PyTorch 1.6; before, pickles one after the other
// and then the storages. After torch/serialization.py of PyTorch 2.15. Nothing in such a file is
// ever run.

#include <imgcls/core/byte_source.h>
#include <imgcls/weights/listing.h>

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

namespace imgcls::weights {

/// The state dict in a .pth of either format, of pickles of protocols 1 to 5; `key` chooses one of
/// several (state_dict.h). Names are as in the file. Throws WeightsError naming the file and what
/// is wrong with it: anything broken; a state dict for which something would have to be called; a
/// compressed entry; another order of bytes than little-endian; tensors that share so much memory
/// that they would have more than 64 times the file's size; and what is no such file at all.
Listing parse_pth(const ByteSource& file, std::string_view key = "");

/// Whether the file begins as one of these formats does, readable or not.
bool looks_like_pth(const ByteSource& file);

/// The pickle that `torch.save` writes into its ZIP files for an OrderedDict of contiguous tensors
/// with a storage each, numbered from 0.
std::vector<std::byte> pth_pickle(std::span<const StoredTensor> tensors);

}  // namespace imgcls::weights
