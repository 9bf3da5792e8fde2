// Uses imgcls::dist from a project of its own: a step of torch::optim's in a world of one.
#include <imgcls/dist/distributed_data_parallel.h>
#include <torch/nn/modules/linear.h>
#include <torch/optim/sgd.h>

#include <iostream>

int main() {
  const auto world = imgcls::dist::launch({.device = imgcls::dist::DeviceKind::cpu});
  torch::nn::Linear layer(3, 1);
  imgcls::dist::DistributedDataParallel ddp(layer, *world);
  torch::optim::SGD optimizer(layer->parameters(), 0.5);
  const at::Tensor before = layer->bias.detach().clone();
  optimizer.zero_grad();
  ddp(torch::ones({2, 3})).sum().backward();
  optimizer.step();
  const double moved = (before - layer->bias).item<double>();
  std::cout << "the bias moved by " << moved << " in a world of " << world->size() << '\n';
  return moved == 1 ? 0 : 1;
}
