#include <imgcls/models/network.h>

namespace imgcls::models {

at::Tensor Network::forward(const at::Tensor& images) {
  at::Tensor x = images;
  for (const Stage& stage : stages_) x = stage.run(x);
  return x;
}

}  // namespace imgcls::models
