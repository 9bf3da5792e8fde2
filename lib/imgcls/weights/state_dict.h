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
  std::string key;                       ///< as Listing::key
  std::vector<std::string> others;       ///< as Listing::others
};

/// Finds the state dict. Of several: the one that stands under nothing but usual keys
/// ("state_dict", "model" ...), the likeliest of these; the pickled dict itself; the only one under
/// a usual key anywhere; the only one whose names have dots; the only one.
///
/// `key` chooses instead: keys with dots between ("ema.state_dict"), of which the last may be the
/// beginning of names in a state dict ("model_ema" of "model_ema.conv1.weight", which becomes
/// "conv1.weight"). Below it, it goes on as above.
///
/// Data that is no tensor is left out. Throws WeightsError, whose message begins with `source`,
/// where there is no state dict, or none under that key; where it holds, instead of a tensor, what
/// only Python can make; and where a tensor is not described as PyTorch does.
StateDict find_state_dict(const Pickle& pickle, std::string_view source, std::string_view key);

}  // namespace imgcls::weights
