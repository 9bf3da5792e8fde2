// A training loop of one's own, and where the time of its steps goes.
//
//   build/bin/050-own-loop /usr/share/datasets/fashion-mnist 100
//   mpirun -np 2 build/bin/050-own-loop /usr/share/datasets/fashion-mnist 100
#include <imgcls/imgcls.h>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>

using namespace imgcls;

int main(int argc, char** argv) try {
  const std::filesystem::path folder = argc > 1 ? argv[1] : "/usr/share/datasets/fashion-mnist";
  const int steps = argc > 2 ? std::atoi(argv[2]) : 100;
  const auto world = dist::launch();

  train::RunOptions options;
  options.epochs = 1;  // of the schedule
  options.batch = 256;
  options.data.normalization = {.mean = {0.286, 0.286, 0.286}, .std = {0.353, 0.353, 0.353}};
  options.augment = {.size = 28, .crop = data::CropKind::pad, .pad = 2};
  options.eval.transform = {.size = 28, .resize = 0};
  options.schedule = {.warmup_epochs = 0.1};
  train::configure_torch(options, *world);

  const std::shared_ptr<const data::Source> photos =
      data::open_idx(folder / "train-images-idx3-ubyte.gz", folder / "train-labels-idx1-ubyte.gz");
  const std::shared_ptr<const data::Source> held_out =
      data::open_idx(folder / "t10k-images-idx3-ubyte.gz", folder / "t10k-labels-idx1-ubyte.gz");
  const auto model =
      models::create("resnet9", {.classes = 10, .stem = models::Stem::small, .width = 16});

  // This rank's part: gradients are averaged with the other ranks' as they are computed.
  train::Replica replica(model, photos, options, *world);
  train::StepProfiler profiler(train::StepProfiler::Detail::ranges);
  profiler.start();
  replica.loader().start(/*epoch=*/0);
  for (int done = 0; done < steps; ++done) {
    const StepRange range(ranges::kStep);
    const data::Batch* batch = replica.loader().next();
    if (batch == nullptr) break;  // the epoch's end
    const double loss = replica.step(*batch, done).item<double>();
    if (world->is_first() && (done + 1) % 20 == 0) std::printf("step %d: %.3f\n", done + 1, loss);
  }
  const train::StepTimes times = mean(profiler.stop(), *world);

  replica.sync_buffers();
  data::Loader loader(held_out,
                      train::eval_loader_options(replica.options(), world->rank(), world->size()));
  const train::EvalCounts counts =
      train::evaluate(replica.model(), loader, replica.input(), *world, /*flip=*/false,
                      [](std::size_t) { return true; });
  if (!world->is_first()) return 0;
  for (const std::string& line : table(times)) std::printf("%s\n", line.c_str());
  std::printf("%lld of %lld test images are right\n", static_cast<long long>(counts.top1),
              static_cast<long long>(counts.images));
  return 0;
} catch (const std::exception& e) {
  std::fprintf(stderr, "%s\n", e.what());
  return 1;
}
