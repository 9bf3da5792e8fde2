// The loader alone, without LibTorch: two epochs of a folder of images.
#include <imgcls/core/error.h>
#include <imgcls/data.h>

#include <iostream>
#include <memory>
#include <vector>

using namespace imgcls;

int main(int argc, char** argv) try {
  const std::shared_ptr<const data::Source> photos =
      data::open_folder(argc > 1 ? argv[1] : "photos/train");
  data::LoaderOptions options;
  options.batch = 20;
  options.threads = 2;
  options.transform = data::AugmentOptions{.size = 32};  // RandomResizedCrop and flip
  data::Loader loader(photos, options);

  std::vector<std::uint64_t> orders[2];
  std::size_t images = 0, of_first_class = 0;
  for (std::uint32_t epoch = 0; epoch < 2; ++epoch) {
    loader.start(epoch);
    while (const data::Batch* batch = loader.next()) {  // N x 32 x 32 x 3 bytes, and N labels
      images += batch->size;
      for (const std::int64_t label : batch->labels) of_first_class += label == 0;
      orders[epoch].insert(orders[epoch].end(), batch->samples.begin(), batch->samples.end());
    }
  }
  std::cout << "2 epochs of " << images / 2 << " images, " << of_first_class / 2 << ' '
            << photos->classes().front() << ", the second in "
            << (orders[0] == orders[1] ? "the same" : "another") << " order\n";
  return 0;
} catch (const Error& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
