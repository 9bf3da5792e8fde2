#include <imgcls/optim/gather.h>

namespace imgcls::optim {

Gathered gather(const ParameterGroup& group,
                const std::vector<const std::vector<at::Tensor>*>& slots) {
  Gathered found;
  found.slots.resize(slots.size());
  for (std::size_t i = 0; i < group.parameters.size(); ++i) {
    const at::Tensor& parameter = group.parameters[i].tensor;
    if (!parameter.grad().defined()) continue;
    found.parameters.push_back(parameter);
    found.gradients.push_back(parameter.grad());
    for (std::size_t s = 0; s < slots.size(); ++s) found.slots[s].push_back((*slots[s])[i]);
  }
  return found;
}

std::optional<at::Tensor> if_defined(const at::Tensor& tensor) {
  return tensor.defined() ? std::optional(tensor) : std::nullopt;
}

}  // namespace imgcls::optim
