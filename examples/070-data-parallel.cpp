// A LibTorch program for MNIST's format, made data-parallel: the lines marked // ddp are all that
// was added to the program of one process. It links imgcls::dist and nothing else of imgcls.
//
//   mpirun -np 2 build/bin/070-data-parallel [FOLDER]    # of IDX files; else made up
#include <imgcls/dist/distributed_data_parallel.h>  // ddp
#include <torch/torch.h>

#include <iostream>

namespace data = torch::data;

struct NetImpl : torch::nn::Module {
  torch::Tensor forward(torch::Tensor x) {
    x = torch::max_pool2d(torch::relu(conv1(x)), 2);
    x = torch::max_pool2d(torch::relu(conv2(x)), 2);
    return fc(dropout(x.flatten(1)));
  }
  torch::nn::Conv2d conv1 = register_module("conv1", torch::nn::Conv2d(1, 16, 5));
  torch::nn::Conv2d conv2 = register_module("conv2", torch::nn::Conv2d(16, 32, 5));
  torch::nn::Dropout dropout = register_module("dropout", torch::nn::Dropout(0.25));
  torch::nn::Linear fc = register_module("fc", torch::nn::Linear(512, 10));
};
TORCH_MODULE(Net);

struct Images : data::datasets::Dataset<Images> {
  Images(const char* folder, data::datasets::MNIST::Mode mode) {
    if (folder != nullptr) {
      const data::datasets::MNIST files(folder, mode);
      images = files.images(), labels = files.targets();
    } else {  // each class is a stripe, under noise
      labels = torch::arange(mode == data::datasets::MNIST::Mode::kTrain ? 6000 : 1000) % 10;
      images = ((torch::arange(28).view({28, 1}) / 2).floor() == labels.view({-1, 1, 1, 1})) +
               torch::rand({labels.size(0), 1, 28, 28});
    }
  }
  data::Example<> get(std::size_t i) override { return {images[i], labels[i]}; }
  std::optional<std::size_t> size() const override { return images.size(0); }
  torch::Tensor images, labels;
};

int main(int argc, char** argv) try {
  const char* folder = argc > 1 ? argv[1] : nullptr;
  const auto world = imgcls::dist::launch();              // ddp
  const int rank = world->rank(), ranks = world->size();  // ddp
  const torch::Device device(world->device());
  torch::manual_seed(1);
  Images train(folder, data::datasets::MNIST::Mode::kTrain);
  Images test(folder, data::datasets::MNIST::Mode::kTest);

  Net net;
  net->to(device);
  imgcls::dist::DistributedDataParallel ddp(net, *world);  // ddp
  torch::optim::AdamW optimizer(net->parameters(), torch::optim::AdamWOptions(2e-3));
  torch::manual_seed(1 + rank);  // ddp: each rank drops other features
  for (int epoch = 0; epoch < 2; ++epoch) {
    data::samplers::DistributedRandomSampler sampler(*train.size(), ranks, rank);  // ddp
    sampler.set_epoch(epoch);                                                      // ddp
    const auto loader = data::make_data_loader(train.map(data::transforms::Stack<>()), sampler,
                                               120 / ranks);  // ddp: 120 before
    for (const auto& batch : *loader) {
      optimizer.zero_grad();
      const auto logits = ddp(batch.data.to(device));  // ddp: net(...) before
      torch::cross_entropy_loss(logits, batch.target.to(device)).backward();
      optimizer.step();
    }
  }

  net->eval();
  const torch::NoGradGuard no_grad;
  const auto share = [&](auto all) { return all.tensor_split(ranks)[rank].to(device); };  // ddp
  const auto hits = net(share(test.images)).argmax(1) == share(test.labels);  // ddp: of all
  auto right = hits.sum().item<std::int64_t>();
  world->sum(std::span(&right, 1));  // ddp
  if (!world->is_first()) return 0;  // ddp
  std::cout << right << " of " << *test.size() << " test images are right\n";
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
