#pragma once
// The state dict in the pickle of a .pth. Internal to imgcls::weights.

#include <imgcls/core/pickle.h>
#include <imgcls/weights/listing.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace imgcls::weights {

/// A storage as a pickle describes it; its bytes are elsewhere in the file.
struct PickledStorage {
  std::string key;
  std::size_t width = 1;    ///< bytes of a value
  std::uint64_t bytes = 0;  ///< of all
};

struct StateDict {
  std::vector<PickledStorage> storages;  ///< of all tensors in the pickle, in its order
  std::vector<StoredTensor> tensors;     ///< of the state dict; not yet checked against storages
};

/// What a state dict and the checkpoint around it may name.
PickleNames state_dict_names();

/// Finds the state dict: the dict under one of the usual keys ("state_dict", "model" ...); else the
/// pickled dict where tensors stand in it; else the only dict in it with tensors. What is not a
/// tensor is left out. "module." and "_orig_mod.", which wrappers put before all names, are taken
/// off. Throws WeightsError, whose message begins with `source`, where there is none, and where a
/// tensor is not described as PyTorch does.
StateDict find_state_dict(const Pickle& pickle, std::string_view source);

}  // namespace imgcls::weights
