// Training on images of one's own: derive from imgcls::data::Source. Here they are drawn by the
// program, discs against squares, so there is nothing to download.
//
//   build/bin/020-own-dataset
#include <imgcls/imgcls.h>

#include <cmath>
#include <cstdio>
#include <exception>

using imgcls::data::Image;

// All members are const and are called from several threads at once.
class Shapes : public imgcls::data::Source {
 public:
  explicit Shapes(std::uint64_t seed) : seed_(seed) {}

  std::size_t size() const override { return 512; }
  std::int64_t label(std::size_t index) const override {
    return static_cast<std::int64_t>(index % 2);
  }
  std::string name(std::size_t index) const override { return "shape " + std::to_string(index); }
  const std::vector<std::string>& classes() const override { return classes_; }
  std::string fingerprint() const override { return "shapes-1-" + std::to_string(seed_); }

  // Pixels; a source may also hand out the bytes of a JPEG or PNG, which the loader then decodes.
  imgcls::data::Sample read(std::size_t index) const override {
    imgcls::Random random(seed_, 0, index, imgcls::RandomStream::augment);
    const double radius = random.uniform(5, 9), cx = random.uniform(10, 22),
                 cy = random.uniform(10, 22);
    Image image{{32, 32}, std::vector<std::uint8_t>(32 * 32 * 3)};
    for (int y = 0; y < 32; ++y) {
      for (int x = 0; x < 32; ++x) {
        const double dx = std::abs(x - cx), dy = std::abs(y - cy);
        const bool inside =
            index % 2 ? std::max(dx, dy) < radius * 0.886 : std::hypot(dx, dy) < radius;
        for (int c = 0; c < 3; ++c) {
          image.row(y)[3 * x + c] =
              static_cast<std::uint8_t>((inside ? 150 : 30) + random.below(80));
        }
      }
    }
    return image;
  }

 private:
  std::uint64_t seed_;
  std::vector<std::string> classes_{"disc", "square"};
};

int main(int argc, char** argv) try {
  const auto world = imgcls::dist::launch();
  imgcls::train::RunOptions options;
  options.epochs = 8;
  options.batch = 64;
  options.augment = {.size = 32, .crop = imgcls::data::CropKind::pad, .pad = 2};
  options.eval.transform = {.size = 32, .resize = 0};
  options.optimizer.lr = 0.05;
  options.schedule = {.warmup_epochs = 1};
  options.folder = argc > 1 ? argv[1] : "runs/020-own-dataset";
  if (world->is_first()) {
    options.callbacks.evaluation = [](const imgcls::train::EvaluationDone& done) {
      std::printf("after %lld steps %.1f %% of new shapes are right\n",
                  static_cast<long long>(done.position.step), done.counts.acc1());
    };
  }
  imgcls::train::configure_torch(options, *world);

  imgcls::train::Trainer trainer(
      imgcls::models::create("resnet9",
                             {.classes = 2, .stem = imgcls::models::Stem::small, .width = 8}),
      std::make_shared<Shapes>(1), std::make_shared<Shapes>(2), options, *world);
  trainer.run();
  return 0;
} catch (const std::exception& e) {
  std::fprintf(stderr, "%s\n", e.what());
  return 1;
}
