#include <imgcls/core/sha256.h>
#include <imgcls/models/dtypes.h>
#include <imgcls/models/weights_hash.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <span>

namespace imgcls::models {

std::string hash_weights(std::vector<NamedTensor> tensors) {
  std::ranges::sort(tensors, {}, &NamedTensor::name);
  Sha256 hash;
  for (const auto& [name, tensor] : tensors) {
    hash.update(fmt::format("{} {} [{}]\n", name, weights::info(stored_type(tensor, name)).name,
                            fmt::join(tensor.sizes(), ", ")));
    const at::Tensor values = tensor.detach().cpu().contiguous();
    hash.update(std::span(static_cast<const std::byte*>(values.const_data_ptr()), values.nbytes()));
  }
  return hash.hex();
}

}  // namespace imgcls::models
