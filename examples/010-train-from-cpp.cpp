// A training run in C++: open a data set, make a model, train, print the accuracy.
//
//   build/bin/010-train-from-cpp /usr/share/datasets/fashion-mnist
//   mpirun -np 2 build/bin/010-train-from-cpp /usr/share/datasets/fashion-mnist
#include <imgcls/imgcls.h>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>

int main(int argc, char** argv) try {
  const std::filesystem::path folder = argc > 1 ? argv[1] : "/usr/share/datasets/fashion-mnist";
  const auto world = imgcls::dist::launch();

  imgcls::train::RunOptions options;
  options.epochs = 3;
  options.batch = 256;
  options.max_steps = argc > 2 ? std::atoi(argv[2]) : 0;
  options.data.normalization = {.mean = {0.286, 0.286, 0.286}, .std = {0.353, 0.353, 0.353}};
  options.augment = {.size = 28, .crop = imgcls::data::CropKind::pad, .pad = 2};
  options.eval.transform = {.size = 28, .resize = 0};
  options.optimizer = {
      .lr = 0.2, .momentum = 0.9, .nesterov = true, .weight_decay = 5e-4, .groups = {}};
  options.schedule = {.warmup_epochs = 0.5};
  options.folder = argc > 3 ? argv[3] : "runs/010-train-from-cpp";
  imgcls::train::configure_torch(options, *world);

  using imgcls::data::open_idx;
  const std::shared_ptr<const imgcls::data::Source> train =
      open_idx(folder / "train-images-idx3-ubyte.gz", folder / "train-labels-idx1-ubyte.gz");
  const std::shared_ptr<const imgcls::data::Source> val =
      open_idx(folder / "t10k-images-idx3-ubyte.gz", folder / "t10k-labels-idx1-ubyte.gz");
  const imgcls::models::Model model = imgcls::models::create(
      "resnet9", {.classes = 10, .stem = imgcls::models::Stem::small, .width = 16});

  imgcls::train::Trainer trainer(model, train, val, options, *world);
  const imgcls::train::TrainResult result = trainer.run();
  if (world->is_first() && result.eval) {
    std::printf("%lld of %lld test images are right\n", static_cast<long long>(result.eval->top1),
                static_cast<long long>(result.eval->images));
  }
  return 0;
} catch (const std::exception& e) {
  std::fprintf(stderr, "%s\n", e.what());
  return 1;
}
